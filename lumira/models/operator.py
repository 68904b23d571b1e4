"""Operators: the people who sign in to the dashboard, with what proves who they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Timestamped, choice, one_of, uuid7
from lumira.models.language import Language


class Operator(Timestamped, Base):
    """One person, who may have a role at several tenants."""

    __tablename__ = "operators"
    __table_args__ = (CheckConstraint(one_of("language", Language), name="language_is_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)
    email: Mapped[str]
    #: The address in the form of `email_key`: one mailbox is one operator.
    email_key: Mapped[str] = mapped_column(unique=True)
    language: Mapped[Language] = mapped_column(choice(Language), default=Language.FRENCH)


class OwnedByOperator:
    """A row of one operator: its primary key begins with the operator, and no tenant sees it."""

    operator_id: Mapped[UUID] = mapped_column(ForeignKey("operators.id"), primary_key=True, sort_order=-3)


class OperatorCredentials(OwnedByOperator, Timestamped, Base):
    """The password, hashed, and the secret of the one-time codes, encrypted."""

    __tablename__ = "operator_credentials"
    __table_args__ = (CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_is_hashed"),)

    password_hash: Mapped[str]
    totp_secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: The time step of the last accepted code (RFC 6238, section 5.2): no code is accepted twice.
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class OperatorRecoveryCode(OwnedByOperator, Base):
    """A code that replaces a one-time code, once; only its keyed hash is kept."""

    __tablename__ = "operator_recovery_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    used_at: Mapped[datetime | None]


class OperatorReset(OwnedByOperator, Base):
    """A link with which an operator chooses a new password and a new secret, once."""

    __tablename__ = "operator_resets"
    __table_args__ = (CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    #: When it was used, or replaced by a newer one.
    used_at: Mapped[datetime | None]


class OperatorSession(OwnedByOperator, Base):
    """One sign-in of an operator in one browser; only the hash of its token is kept."""

    __tablename__ = "operator_sessions"
    __table_args__ = (CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)
    token_digest: Mapped[str] = mapped_column(unique=True)
    #: The browser as it describes itself, so that the operator recognises the session.
    device: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: At most a minute older than the last request.
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When password and one-time code were last entered.
    authenticated_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
