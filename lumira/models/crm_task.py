"""What is still to be written to a tenant's CRM, and what was."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import FreeText, OfOrder, choice, one_of


class CrmTaskKind(StrEnum):
    """Which record of the CRM a task writes."""

    #: The third party of a customer; the subject is the customer's id.
    CUSTOMER = "customer"
    #: The order; the subject is the order's id.
    ORDER = "order"
    #: The invoice and its payment; the subject is the id of the payment, or of what it takes back.
    INVOICE = "invoice"
    #: The credit note and its payout; the subject is the id of the refund or of the lost dispute.
    CREDIT_NOTE = "credit_note"


class CrmTaskState(StrEnum):
    """Whether a task is to be done, was done, or waits for an operator."""

    PENDING = "pending"
    DONE = "done"
    PARKED = "parked"


class CrmTask(OfOrder, Base):
    """One record that is to be written to the CRM: written with the change that it follows from, once for its subject.

    The tasks of one customer are done in the order of their ids. A change of the customer makes its task pending again:
    `version` increases, so that a worker that is doing it does not mark the change as done.
    """

    __tablename__ = "crm_tasks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "kind", "subject"),
        CheckConstraint(one_of("kind", CrmTaskKind), name="kind_is_known"),
        CheckConstraint(one_of("state", CrmTaskState), name="state_is_known"),
        CheckConstraint("(kind = 'customer') = (order_id IS NULL)", name="documents_have_an_order"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_its_time"),
        CheckConstraint("state <> 'parked' OR reason IS NOT NULL", name="parked_has_a_reason"),
        CheckConstraint("attempts >= 0 AND version > 0", name="attempts_counted"),
        Index("ix_crm_tasks_due", "tenant_id", "id", postgresql_where="state = 'pending'"),
        Index("ix_crm_tasks_undone", "tenant_id", "customer_id", "id", postgresql_where="state <> 'done'"),
        Index("ix_crm_tasks_parked", "tenant_id", "id", postgresql_where="state = 'parked'"),
        Index("ix_crm_tasks_by_order", "tenant_id", "order_id"),
        Index("ix_crm_tasks_done", "tenant_id", "done_at", postgresql_where="done_at IS NOT NULL"),
    )

    kind: Mapped[CrmTaskKind] = mapped_column(choice(CrmTaskKind))
    subject: Mapped[str]
    customer_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    state: Mapped[CrmTaskState] = mapped_column(choice(CrmTaskState), default=CrmTaskState.PENDING)
    #: A `CrmReason`: why it is parked, or why the last attempt failed.
    reason: Mapped[str | None]
    #: What the CRM said, shortened and without addresses.
    reason_text: Mapped[FreeText | None]
    #: What an operator decides from, and has decided: `candidates` (Dolibarr's ids of third parties), `described`
    #: (their names, towns and codes, until the choice), `chosen` (one of them, or 0 for a new one).
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    #: Also the end of what is under way: a call that has no reply may take place until then.
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    version: Mapped[int] = mapped_column(default=1)
    enqueued_at: Mapped[datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime | None]
