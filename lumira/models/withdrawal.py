"""Withdrawals: a buyer's statements that they withdraw from an order or from a part of it, and what became of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lumira.database import Base
from lumira.models.columns import FreeText, Identified, choice, one_of


class WithdrawalVia(StrEnum):
    """Where the buyer made the statement."""

    PORTAL = "portal"
    #: On the public page, by order number and e-mail address.
    GUEST = "guest"
    #: By letter, e-mail or telephone; an operator recorded it.
    OPERATOR = "operator"


class WithdrawalDecision(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class WithdrawalLine(Identified, Base):
    """How many units of one order line the buyer withdraws from.

    A trigger (`lumira_check_withdrawn_units`) refuses more units than were ordered, refused withdrawals apart.
    """

    __tablename__ = "withdrawal_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "withdrawal_id"], ["withdrawals.tenant_id", "withdrawals.id"]),
        ForeignKeyConstraint(["tenant_id", "order_line_id"], ["order_lines.tenant_id", "order_lines.id"]),
        UniqueConstraint("tenant_id", "withdrawal_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        Index("ix_withdrawal_lines_by_order_line", "tenant_id", "order_line_id"),
    )

    order_id: Mapped[UUID]
    withdrawal_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    quantity: Mapped[int]


class Withdrawal(Identified, Base):
    """One statement of withdrawal, and the decision about it. Both are facts: neither is changed later."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        CheckConstraint(one_of("via", WithdrawalVia), name="via_is_known"),
        CheckConstraint(one_of("decision", WithdrawalDecision), name="decision_is_known"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decision_has_its_time"),
        CheckConstraint("requested_at <= confirmed_at", name="confirmed_after_request"),
        Index("ix_withdrawals_by_order", "tenant_id", "order_id"),
        # What waits for an operator, among all that were decided.
        Index(
            "ix_withdrawals_waiting", "tenant_id", "requested_at", "id", postgresql_where="decision IS NULL"
        ),
        Index(
            "ix_withdrawals_decided", "tenant_id", "decided_at", "id", postgresql_where="decision IS NOT NULL"
        ),
    )

    order_id: Mapped[UUID]
    via: Mapped[WithdrawalVia] = mapped_column(choice(WithdrawalVia))
    #: The buyer's own words; the law asks for none.
    reason: Mapped[FreeText | None]
    #: When the buyer made the statement: the period is compared with this time.
    requested_at: Mapped[datetime]
    #: When the second step confirmed it.
    confirmed_at: Mapped[datetime]
    #: `None` while it waits for an operator.
    decision: Mapped[WithdrawalDecision | None] = mapped_column(choice(WithdrawalDecision))
    decided_at: Mapped[datetime | None]
    #: The operator's explanation to the buyer.
    decision_note: Mapped[FreeText | None]
    #: Whether the refund waits until the goods are returned, or until the buyer has proved that they were sent back
    #: (L221-24). Decided with the withdrawal.
    waits_for_return: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: A fact: when the buyer proved that the goods were sent back.
    sent_back_at: Mapped[datetime | None]

    # Loaded with the withdrawal, and by no statement where an order has none.
    lines: Mapped[list[WithdrawalLine]] = relationship(lazy="selectin", order_by=WithdrawalLine.id)

    @property
    def is_waiting(self) -> bool:
        """Whether an operator has to decide about it."""
        return self.decision is None

    @property
    def is_accepted(self) -> bool:
        return self.decision is WithdrawalDecision.ACCEPTED

    @property
    def is_refused(self) -> bool:
        return self.decision is WithdrawalDecision.REFUSED
