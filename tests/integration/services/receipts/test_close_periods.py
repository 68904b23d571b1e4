"""Each past day, month and year is closed once, with totals that add up to its documents."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import psycopg
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain.receipt_totals import Total
from lumira.models import ClosingPeriod, ReceiptClosing
from lumira.services.chains.heads import store_heads
from lumira.services.receipts.close_periods import close_periods
from lumira.services.receipts.seal_receipts import seal_receipts
from lumira.services.receipts.view_totals import view_closings, view_totals
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.database_owner import database_owner, url_of
from tests.support.factories import Brand
from tests.support.receipt_chains import make_live, verified

pytestmark = pytest.mark.usefixtures("app_context")

#: In Paris it is already the next day, and after the last one the next year.
SALES = [
    datetime(2025, 12, 29, 10, tzinfo=UTC),
    datetime(2025, 12, 30, 23, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
    datetime(2026, 1, 1, 12, tzinfo=UTC),
]
AFTERWARDS = datetime(2026, 2, 2, 12, tzinfo=UTC)
#: Of one sale of 47 EUR, 20 % of VAT included.
SALE, VAT = 4700, 783


@pytest.fixture
def brand(make_brand: Callable[..., Brand], settings: Settings) -> Brand:
    """A brand in Paris with four sales around the end of a year; a part of the first was refunded with the last."""
    brand = make_brand(seller=seller.WITH_VAT, time_zone="Europe/Paris")
    first = None
    for at in SALES:
        with time_machine.travel(at, tick=False):
            intent = pay(brand)
            first = first or intent
    with time_machine.travel(SALES[-1], tick=False):
        report_refund(brand, first or "", 1000)
    make_live(brand, settings)
    return brand


@pytest.fixture
def closed(brand: Brand) -> Brand:
    """The same brand, whose periods are closed a month later."""
    with time_machine.travel(AFTERWARDS, tick=False):
        seal_receipts(brand.id)
        close_periods(brand.id)
    assert verified(brand).errors == []
    return brand


def closings(brand: Brand) -> list[ReceiptClosing]:
    with atomic(brand.id):
        return list(db.session.execute(select(ReceiptClosing).order_by(ReceiptClosing.sequence)).scalars())


def periods(brand: Brand, period: ClosingPeriod) -> list[date]:
    return [row.first_day for row in closings(brand) if row.period is period]


def test_each_ended_day_month_and_year_since_the_first_document_is_closed(closed: Brand) -> None:
    days = periods(closed, ClosingPeriod.DAY)
    assert (days[0], days[-1], len(days)) == (date(2025, 12, 29), date(2026, 2, 1), 35)
    assert periods(closed, ClosingPeriod.MONTH) == [date(2025, 12, 1), date(2026, 1, 1)]
    assert periods(closed, ClosingPeriod.YEAR) == [date(2025, 1, 1)]


def test_a_document_counts_for_its_day_in_the_tenants_time_zone(closed: Brand) -> None:
    of_days = view_closings(closed.id, ClosingPeriod.DAY, 2025)
    assert [[total.receipts for total in closing.totals] for closing in of_days] == [[1], [], [1]]
    [of_year] = view_closings(closed.id, ClosingPeriod.YEAR, 2025)
    assert of_year.totals == (Total("eur", "20.00", 2, 2 * SALE, 2 * VAT),)


def test_a_closing_has_the_totals_of_its_period_and_the_perpetual_total(closed: Brand) -> None:
    [december] = view_closings(closed.id, ClosingPeriod.MONTH, 2025)
    [january] = view_closings(closed.id, ClosingPeriod.MONTH, 2026)

    assert december.totals == december.perpetual == (Total("eur", "20.00", 2, 2 * SALE, 2 * VAT),)
    assert january.totals == (Total("eur", "20.00", 2, 2 * SALE, 2 * VAT, 1, 1000, 166),)
    assert january.perpetual == (Total("eur", "20.00", 4, 4 * SALE, 4 * VAT, 1, 1000, 166),)
    assert january.last_numbers == {"receipt 2025": 2, "receipt 2026": 2, "credit_note 2026": 1}


def test_a_period_is_closed_once_and_not_before_an_hour_after_its_end(brand: Brand) -> None:
    with time_machine.travel(datetime(2025, 12, 30, 23, 59, tzinfo=UTC), tick=False):
        assert close_periods(brand.id) == 1
        assert close_periods(brand.id) == 0
    with time_machine.travel(datetime(2025, 12, 31, 0, 1, tzinfo=UTC), tick=False):
        assert close_periods(brand.id) == 1
        assert close_periods(brand.id) == 0


def test_processes_that_close_at_once_close_each_period_once(app: Flask, brand: Brand) -> None:
    barrier = threading.Barrier(4)

    def close() -> None:
        with app.app_context():
            barrier.wait(60)
            close_periods(brand.id)

    with time_machine.travel(AFTERWARDS, tick=False):
        threads = [threading.Thread(target=close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert len(closings(brand)) == 35 + 2 + 1
    assert verified(brand).errors == []


def test_a_document_dated_in_a_closed_day_is_in_the_next_closing(closed: Brand, settings: Settings) -> None:
    with database_owner(settings) as connection:
        connection.execute("UPDATE orders SET livemode = false WHERE tenant_id = %s", (closed.id,))
    with time_machine.travel(AFTERWARDS, tick=False):
        pay(closed)
    with database_owner(settings) as connection:
        # A process whose clock was late: dated in January, committed in February.
        connection.execute(
            "UPDATE receipts SET livemode = true, number = 3, label = 'late', issued_at = '2026-01-20T12:00Z' "
            "WHERE tenant_id = %s AND NOT livemode",
            (closed.id,),
        )
        connection.execute("DELETE FROM receipt_counters WHERE tenant_id = %s AND NOT livemode", (closed.id,))
        connection.execute(
            "UPDATE receipt_counters SET last_number = 3 WHERE tenant_id = %s AND series = 'receipt' AND year = 2026",
            (closed.id,),
        )
    with time_machine.travel(datetime(2026, 2, 3, 12, tzinfo=UTC), tick=False):
        assert close_periods(closed.id) == 1

    last = view_closings(closed.id, ClosingPeriod.DAY, 2026)[-1]
    assert (last.first_day, last.totals) == (date(2026, 2, 2), (Total("eur", "20.00", 1, SALE, VAT),))
    assert not [error for error in verified(closed).errors if "closing" in error]


def test_documents_of_test_mode_are_not_closed(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    with time_machine.travel(SALES[0], tick=False):
        pay(brand)
    with time_machine.travel(AFTERWARDS, tick=False):
        assert close_periods(brand.id) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("totals = '[]' WHERE period = 'day' AND first_day = '2025-12-29'", "day 2025-12-29"),
        ("perpetual_totals = '[]' WHERE period = 'month' AND first_day = '2026-01-01'", "month 2026-01-01"),
        ("time_zone = 'UTC' WHERE period = 'year'", "year 2025-01-01: it was changed after it was made"),
    ],
)
def test_a_changed_closing_is_named(closed: Brand, settings: Settings, change: str, expected: str) -> None:
    with database_owner(settings) as connection:
        update = f"UPDATE receipt_closings SET {change} AND tenant_id = %s"  # noqa: S608 - constants
        connection.execute(update, (closed.id,))

    assert expected in verified(closed).errors[0]


def test_a_removed_closing_and_removed_last_closings_are_named(closed: Brand, settings: Settings) -> None:
    with time_machine.travel(AFTERWARDS, tick=False):
        store_heads(closed.id)
        with database_owner(settings) as connection:
            connection.execute(
                "DELETE FROM receipt_closings WHERE tenant_id = %s AND sequence IN (2, 38)", (closed.id,)
            )
        errors = verified(closed).errors

    assert errors[0] == "the closing of the day 2025-12-31: a closing before it is missing"
    assert errors[-1] == "the head of 2026-02-02 names link 38, which was removed"


def test_closings_that_do_not_state_the_documents_are_named(closed: Brand, settings: Settings) -> None:
    with database_owner(settings) as connection:
        connection.execute("DELETE FROM receipts WHERE tenant_id = %s AND kind = 'credit_note'", (closed.id,))

    assert any(
        "its perpetual total is not that of the documents" in error for error in verified(closed).errors
    )


def test_the_owner_of_the_tables_cannot_change_a_closing(closed: Brand, settings: Settings) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="An issued document is never changed"),
        psycopg.connect(url_of(settings)) as connection,
    ):
        connection.execute("UPDATE receipt_closings SET totals = '[]'")


def test_totals_of_any_period_are_those_of_its_documents(closed: Brand, other_tenant: Brand) -> None:
    def receipts_of(first: date, last: date) -> int:
        found = view_totals(closed.id, first_day=first, last_day=last, livemode=True)
        return sum(total.receipts for total in found)

    assert receipts_of(date(2025, 12, 31), date(2026, 1, 1)) == 3
    assert receipts_of(date(2025, 12, 30), date(2025, 12, 30)) == 0
    assert view_totals(closed.id, first_day=date(2025, 1, 1), last_day=date(2026, 12, 31), livemode=True) == (
        view_closings(closed.id, ClosingPeriod.MONTH, 2026)[-1].perpetual
    )
    nothing = view_totals(
        other_tenant.id, first_day=date(2025, 1, 1), last_day=date(2026, 12, 31), livemode=True
    )
    assert nothing == ()
