"""Closings of a day, month or year: the totals of its documents, chained. Closings are never updated or deleted."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import TenantOwned, choice, one_of


class ClosingPeriod(StrEnum):
    """The periods that are closed."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class ReceiptClosing(TenantOwned, Base):
    """The closing of one period of the tenant's calendar, of the documents of live mode."""

    __tablename__ = "receipt_closings"
    __table_args__ = (
        # Each period is closed once, however many processes try.
        UniqueConstraint("tenant_id", "period", "first_day"),
        CheckConstraint(one_of("period", ClosingPeriod), name="period_is_known"),
        CheckConstraint("sequence > 0", name="sequence_is_positive"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    )

    #: From 1, without gaps. As part of the primary key it prevents two chains.
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    period: Mapped[ClosingPeriod] = mapped_column(choice(ClosingPeriod))
    first_day: Mapped[date]
    time_zone: Mapped[str]
    #: The last closed number of each series, such as `receipt 2026`.
    last_numbers: Mapped[dict[str, int]] = mapped_column(JSONB)
    #: As `domain.receipt_totals.as_rows` writes them.
    totals: Mapped[list[Any]] = mapped_column(JSONB)
    perpetual_totals: Mapped[list[Any]] = mapped_column(JSONB)
    #: Of the closing before it and of what this one states.
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=utc_now)
