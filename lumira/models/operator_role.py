"""The team of a tenant: which operators have which role, and who is invited."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, TenantOwned, Timestamped, choice, one_of


class Role(StrEnum):
    """What an operator may do for a tenant; `domain.operators.permits` says which role includes which."""

    #: Everything, the team included.
    OWNER = "owner"
    #: Makes the deliverables, and sees nothing else.
    EXPERT = "expert"
    #: Reads.
    VIEWER = "viewer"


class OperatorRole(TenantOwned, Timestamped, Base):
    """The role of one operator at one tenant. A removed one stays, so that the audit log can be read."""

    __tablename__ = "operator_roles"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role_is_known"),
        # The tenants of the operator who signs in.
        Index("ix_operator_roles_by_operator", "operator_id"),
    )

    operator_id: Mapped[UUID] = mapped_column(ForeignKey("operators.id"), primary_key=True, sort_order=-2)
    role: Mapped[Role] = mapped_column(choice(Role))
    #: The operator's address: a tenant sees no row of `operators`.
    email: Mapped[str]
    removed_at: Mapped[datetime | None]


class OperatorInvitation(Identified, Base):
    """An invitation to a tenant's team. The token in its link is computed from the id and not stored."""

    __tablename__ = "operator_invitations"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role_is_known"),
        CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),
        CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="has_one_end"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by_id IS NULL)", name="accepted_by_an_operator"),
        # An address has one open invitation: a new one replaces it.
        Index(
            "uq_operator_invitations_open",
            "tenant_id",
            "email_key",
            unique=True,
            postgresql_where="accepted_at IS NULL AND revoked_at IS NULL",
        ),
        Index(
            "ix_operator_invitations_to_send",
            "tenant_id",
            "next_attempt_at",
            postgresql_where="next_attempt_at IS NOT NULL",
        ),
    )

    email: Mapped[str]
    email_key: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role))
    #: Who invited: an actor of the audit log.
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("operators.id"))
    revoked_at: Mapped[datetime | None]
    #: When the e-mail is to be sent; `None`: it was sent, given up, or is not sent.
    next_attempt_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
