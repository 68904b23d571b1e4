"""The first page shows the figures of a period and what needs an operator, with few statements."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.models import AlertKind, MessageStatus, OutboxMessage, Tenant
from lumira.repositories.alerts import alerts
from lumira.services.orders.view_overview import Overview, view_overview
from tests.support import files, refunds
from tests.support.factories import Brand, load_order, open_payment, set_stock
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

#: The tenant, the figures and the setting of their plan, the alerts, low stock, what waits.
STATEMENTS = 6


def only_day(overview: Overview) -> tuple[int, int, int, int]:
    [day] = overview.days
    return day.opened, day.paid, day.sales, day.refunded


def test_sales_and_refunds_are_counted_by_day(tenant: Brand) -> None:
    opened = refunds.pay(tenant)
    refunds.pay(tenant, "intuitive", customer_email="ana@example.com")
    open_payment(tenant)
    refunds.refund(tenant, opened, 700)

    overview = view_overview(tenant.id)

    assert only_day(overview) == (3, 2, 4700 + 1400, 700)
    assert (overview.last_day - overview.first_day).days == 29


def test_days_begin_at_midnight_of_the_tenants_zone(make_brand) -> None:
    brand = make_brand(time_zone="Asia/Tokyo")
    at = datetime.now(UTC).replace(hour=15, minute=30, second=0, microsecond=0) - timedelta(days=2)
    with time_machine.travel(at, tick=True):
        open_payment(brand, "simple")
    day = at.date() + timedelta(days=1)
    assert [row.day for row in view_overview(brand.id, first_day=day, last_day=day).days] == [day]
    before = day - timedelta(days=1)
    assert view_overview(brand.id, first_day=before, last_day=before).days == []


def test_test_sales_do_not_count_once_the_shop_sells_live(make_brand) -> None:
    brand = make_brand()
    refunds.pay(brand)
    assert only_day(view_overview(brand.id))[1] == 1
    with atomic(brand.id) as session:
        session.get_one(Tenant, brand.id).livemode = True
    assert view_overview(brand.id).days == []


def test_what_needs_an_operator_is_named_with_its_order(tenant: Brand) -> None:
    number = refunds.pay(tenant).order_number
    [message] = load_order(tenant, number).messages
    with atomic(tenant.id) as session:
        session.get_one(OutboxMessage, (tenant.id, message.id)).status = MessageStatus.DEAD
        alerts.raise_alert(tenant.id, kind=AlertKind.MESSAGE_DEAD, subject=str(message.id))
        alerts.raise_alert(tenant.id, kind=AlertKind.PAYMENT_MISMATCH, subject="LUM-1")
        alerts.raise_alert(tenant.id, kind=AlertKind.REFUND_REFUSED, subject="LUM-2", code="x")
        alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="now")
    set_stock(tenant, "cap", 2)
    files.buy_promise(tenant, "lecture")

    overview = view_overview(tenant.id)

    assert {(str(item.alert.kind), item.order_number) for item in overview.alerts} == {
        ("message_dead", number),
        ("payment_mismatch", "LUM-1"),
        ("refund_refused", "LUM-2"),
        ("stripe_unavailable", None),
    }
    assert [(item.product_id, item.available) for item in overview.low_stock] == [("cap", 2)]
    assert (overview.waiting.deliverables, overview.waiting.dead_messages) == (1, 1)


def test_the_overview_takes_few_statements(tenant: Brand, statements: Statements) -> None:
    for _ in range(3):
        refunds.pay(tenant)
    sent = statements.made_by(lambda: view_overview(tenant.id))
    assert len(sent) == STATEMENTS, "\n".join(sent)


@pytest.mark.parametrize("days", [-1, 92, 4000])
def test_a_period_has_one_to_ninety_two_days(tenant: Brand, days: int) -> None:
    first = datetime.now(UTC).date() - timedelta(days=10)
    with pytest.raises(InvalidRequest):
        view_overview(tenant.id, first_day=first, last_day=first + timedelta(days=days))


def test_another_tenants_figures_are_not_shown(tenant: Brand, other_tenant: Brand) -> None:
    refunds.pay(other_tenant)
    assert view_overview(tenant.id).days == []
