"""The keys that callers of the API show."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, choice, one_of


class KeyKind(StrEnum):
    """What a key may do: open payments from a web page, or everything for its tenant."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105 - a kind of key, not one


class ApiKey(Identified, Base):
    """One key of a tenant. Only its hash is kept; `lookup` is the part that finds the row."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(one_of("kind", KeyKind), name="kind_is_known"),
        ForeignKeyConstraint(["tenant_id", "replaced_by_id"], ["api_keys.tenant_id", "api_keys.id"]),
        # A key is replaced once, and no key replaces two.
        UniqueConstraint("tenant_id", "replaced_by_id"),
        CheckConstraint("(expires_at IS NULL) = (replaced_by_id IS NULL)", name="expires_if_replaced"),
        CheckConstraint("expires_at >= created_at", name="expires_after_creation"),
        CheckConstraint("replaced_by_id <> id", name="replaced_by_another"),
    )

    kind: Mapped[KeyKind] = mapped_column(choice(KeyKind))
    lookup: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None]
    #: The key that replaces this one, and when this one stops working; `None` if nothing replaces it.
    replaced_by_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]

    def has_expired(self, now: datetime) -> bool:
        """Whether the key was replaced, and the time in which both work is over."""
        return self.expires_at is not None and self.expires_at <= now
