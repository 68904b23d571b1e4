"""The period of an export, in the tenant's calendar, and the books that it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.domain.accounts import Accounts, accounts_of
from lumira.domain.days import begin_of, end_of
from lumira.errors import BooksNotInEuros, InvalidPeriod, PeriodNotEnded
from lumira.models import Tenant
from lumira.repositories.tenants import tenants

#: A day can be posted so long after its end: a document that was numbered before midnight is committed by then.
_POSTED_AFTER = timedelta(hours=1)
#: The longest period of one export: a financial year that was extended has up to 24 months.
_LONGEST = timedelta(days=732)
#: Midnights before and after these days exist in every time zone.
_EARLIEST, _LATEST = date(1970, 1, 2), date(9998, 12, 31)
_EURO = "eur"


@dataclass(frozen=True, slots=True)
class Books:
    """What an export needs to know of a tenant, read once."""

    tenant_id: int
    slug: str
    livemode: bool
    currency: str
    zone: ZoneInfo
    accounts: Accounts
    #: The last day that can be posted.
    last_day: date
    #: Until when the balance at Stripe has been read; `None` if it never was.
    balance_read_until: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the tenant's calendar, both included."""

    first: date
    last: date

    def since(self, zone: ZoneInfo) -> datetime:
        return begin_of(self.first, zone)

    def until(self, zone: ZoneInfo) -> datetime:
        return end_of(self.last, zone)

    def days(self) -> Iterator[date]:
        """Yield each day."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


def books_of(tenant_id: int) -> Books:
    """Return the books of a tenant, in the mode that it sells in; inside the caller's transaction."""
    tenant = tenants.get(tenant_id)
    zone = ZoneInfo(tenant.time_zone)
    return Books(
        tenant_id=tenant_id,
        slug=tenant.slug,
        livemode=tenant.livemode,
        currency=tenant.currency,
        zone=zone,
        accounts=accounts_of(tenant),
        last_day=_last_day(tenant, zone),
        balance_read_until=tenant.balance_pulled_until,
    )


def _last_day(tenant: Tenant, zone: ZoneInfo) -> date:
    ended = utc_now() - _POSTED_AFTER
    if tenant.balance_pulled_until is not None:
        ended = min(ended, tenant.balance_pulled_until)
    return ended.astimezone(zone).date() - timedelta(days=1)


def check_period(period: Period) -> Period:
    """Return the period; raises `InvalidPeriod` if its days are in the wrong order or too many."""
    if period.last < period.first:
        raise InvalidPeriod("The last day is before the first.")
    if period.first < _EARLIEST or period.last > _LATEST:
        raise InvalidPeriod(
            f"A period begins on {_EARLIEST} at the earliest and ends on {_LATEST} at the latest."
        )
    if period.last - period.first > _LONGEST:
        raise InvalidPeriod("A period has at most two years: export each financial year.")
    return period


def require_posted(books: Books, period: Period) -> None:
    """Raise `BooksNotInEuros` or `PeriodNotEnded` unless entries can be made of the whole period."""
    if books.currency != _EURO:
        raise BooksNotInEuros(
            f"Entries are in euros, and {books.slug} sells in {books.currency.upper()}: export the CSV files instead."
        )
    if period.last > books.last_day:
        raise PeriodNotEnded(
            f"Entries can be exported until {books.last_day}: a day is complete once it has ended and the balance at "
            "Stripe was read after it. Choose an earlier last day.",
            last_day=books.last_day.isoformat(),
        )
