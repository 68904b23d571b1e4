"""Paid orders that are not shipped within the shop's days raise one alert, which resolves itself."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert
from lumira.reconciliation.watch_shipments import watch_shipments
from tests.support.factories import Brand
from tests.support.parcels import ship
from tests.support.refunds import deliver_events, disputed, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")


def watch(brand: Brand, *, days: float, minutes: float = 0) -> list[Alert]:
    """What a worker does after so many days; returns the open alerts about shipments."""
    with time_machine.travel(datetime.now(UTC) + timedelta(days=days, minutes=minutes)):
        watch_shipments(brand.id)
    with atomic(brand.id):
        query = select(Alert).where(Alert.kind == "order_unshipped", Alert.resolved_at.is_(None))
        return list(db.session.execute(query.where(Alert.tenant_id == brand.id)).scalars())


def test_orders_that_wait_for_too_long_are_one_alert_that_names_the_oldest(tenant) -> None:
    first = pay(tenant, "shirt").order_number
    pay(tenant, "shirt")
    assert watch(tenant, days=6.9) == []
    [alert] = watch(tenant, days=7.1)
    assert (alert.subject, alert.details["oldest"]) == (tenant.slug, first)
    assert len(watch(tenant, days=9)) == 1


def test_the_alert_resolves_itself_once_the_last_late_order_is_shipped(tenant) -> None:
    numbers = [pay(tenant, "shirt", quantity=2).order_number for _ in range(2)]
    watch(tenant, days=8)
    ship(tenant, numbers[0])
    ship(tenant, numbers[1], {"shirt": 1})
    assert len(watch(tenant, days=8, minutes=20)) == 1
    ship(tenant, numbers[1])
    assert watch(tenant, days=8, minutes=40) == []


def test_what_may_not_or_need_not_be_shipped_raises_no_alert(tenant) -> None:
    disputed(tenant, pay(tenant, "shirt"))
    pay(tenant, "mystique")
    refund(tenant, pay(tenant, "shirt"))
    deliver_events(tenant)
    assert watch(tenant, days=30) == []


def test_a_shop_has_its_own_days_or_no_alert(make_brand) -> None:
    fast, quiet = make_brand(ship_within_days=1), make_brand(ship_within_days=0)
    for brand in (fast, quiet):
        pay(brand, "shirt")
    assert len(watch(fast, days=1.1)) == 1
    assert watch(quiet, days=300) == []
