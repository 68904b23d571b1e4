"""The keys that callers of the API show."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
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
    __table_args__ = (CheckConstraint(one_of("kind", KeyKind), name="kind_is_known"),)

    kind: Mapped[KeyKind] = mapped_column(choice(KeyKind))
    lookup: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None]
