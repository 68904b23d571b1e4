"""Events are in monthly partitions: a repeated delivery is found in whatever month, and only handled months end."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.exc import DBAPIError

from lumira.database import atomic, db
from lumira.models import AlertKind, EventStatus, WebhookEvent
from lumira.repositories.alerts import alerts
from lumira.repositories.events import event_partitions
from lumira.services.retention import event_months
from lumira.webhooks import inbox, process
from tests.support.factories import Brand, count
from tests.support.stripe_events import event, receive

pytestmark = pytest.mark.usefixtures("app_context")

#: Months that no other test stores events in.
LONG_AGO = datetime(2019, 3, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def month(owner: Connection) -> Iterator[str]:
    """The partition of a month long ago, which ends with the test."""
    with atomic(None):
        db.session.execute(text("SELECT lumira_create_event_partition(:at)"), {"at": LONG_AGO})
    yield "webhook_events_2019_03"
    owner.execute(text("DROP TABLE IF EXISTS webhook_events_2019_03"))
    owner.execute(text("DELETE FROM webhook_events_default"))


def created(at: datetime, event_type: str = "customer.created") -> dict[str, object]:
    return event(event_type, {"id": "cus_1", "object": "customer"}) | {"created": int(at.timestamp())}


def partition_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        rows = db.session.execute(text("SELECT tableoid::regclass::text FROM webhook_events"))
        return sorted(rows.scalars())


def months(owner: Connection) -> list[str]:
    names = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'webhook_events'::regclass"
    return sorted(owner.execute(text(names)).scalars())


@pytest.mark.parametrize("delivered_after", [timedelta(), timedelta(days=40), timedelta(days=400)])
def test_an_event_that_is_delivered_in_different_months_is_stored_once(
    tenant: Brand, delivered_after: timedelta
) -> None:
    stripe_event = created(datetime.now(UTC) - timedelta(days=1))
    receive(tenant, stripe_event)

    with time_machine.travel(datetime.now(UTC) + delivered_after):
        receive(tenant, stripe_event)
        assert inbox.store(tenant.id, json.loads(json.dumps(stripe_event))) is False

    assert count(tenant, WebhookEvent) == 1


def test_an_event_is_stored_once_on_both_sides_of_the_end_of_a_month(tenant: Brand, month: str) -> None:
    last, first = created(LONG_AGO), created(LONG_AGO + timedelta(seconds=1))
    for stripe_event in (last, first, last, first):
        receive(tenant, stripe_event)

    assert partition_of(tenant) == [month, "webhook_events_default"]


def test_an_event_without_a_partition_is_stored_once_and_moved_once_there_is_one(
    tenant: Brand, owner: Connection
) -> None:
    stripe_event = created(LONG_AGO)
    receive(tenant, stripe_event)
    assert partition_of(tenant) == ["webhook_events_default"]

    with atomic(None):
        moved = db.session.execute(
            text("SELECT lumira_create_event_partition(:at)"), {"at": LONG_AGO}
        ).scalar_one()
    receive(tenant, stripe_event)

    assert (moved, partition_of(tenant)) == (1, ["webhook_events_2019_03"])
    process.process_events(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.IGNORED) == 1
    owner.execute(text("DROP TABLE webhook_events_2019_03"))


def test_an_event_without_a_time_is_stored_once(tenant: Brand) -> None:
    stripe_event = created(LONG_AGO) | {"created": None}
    receive(tenant, stripe_event)
    receive(tenant, stripe_event)
    assert count(tenant, WebhookEvent) == 1


def test_months_are_created_ahead_also_after_a_long_stop(owner: Connection) -> None:
    before = months(owner)
    with time_machine.travel(datetime(2093, 11, 15, tzinfo=UTC)):
        event_months.create_months()
        event_months.create_months()
    added = sorted(set(months(owner)) - set(before))
    assert added == [
        f"webhook_events_{name}" for name in ("2093_10", "2093_11", "2093_12", "2094_01", "2094_02")
    ]
    for name in added:
        owner.execute(text(f"DROP TABLE {name}"))


def test_this_month_and_the_next_ones_exist_after_every_migration(owner: Connection) -> None:
    now = datetime.now(UTC)
    assert {
        f"webhook_events_{at:%Y_%m}" for at in (now, now + timedelta(days=31), now + timedelta(days=62))
    } <= set(months(owner))


def test_a_month_is_dropped_only_if_every_event_in_it_is_handled(
    tenant: Brand, owner: Connection, month: str
) -> None:
    receive(tenant, created(LONG_AGO))
    event_months.drop_months()
    assert month in months(owner)

    process.process_events(tenant.id)
    event_months.drop_months()
    assert month not in months(owner)
    assert count(tenant, WebhookEvent) == 0


def test_a_failed_event_keeps_its_month_until_an_operator_resolves_its_alert(
    tenant: Brand, owner: Connection, month: str
) -> None:
    receive(tenant, created(LONG_AGO, "payment_intent.succeeded") | {"data": {"object": None}})
    process.process_events(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.FAILED) == 1
    for _ in range(2):
        event_months.drop_months()
    assert month in months(owner)

    with atomic(tenant.id):
        failed = db.session.execute(select(WebhookEvent.stripe_event_id)).scalar_one()
        alerts.resolve(tenant.id, kind=AlertKind.EVENT_FAILED, subject=failed)
    for _ in range(2):
        event_months.drop_months()
    assert month not in months(owner)


def test_an_old_event_that_no_month_covers_is_removed_once_it_is_handled(tenant: Brand) -> None:
    with time_machine.travel(LONG_AGO):
        receive(tenant, created(LONG_AGO) | {"created": 0})
    event_months.drop_months()
    assert count(tenant, WebhookEvent) == 1

    process.process_events(tenant.id)
    event_months.drop_months()
    assert count(tenant, WebhookEvent) == 0


@pytest.mark.parametrize(
    "name", ["webhook_events_default", "orders", "webhook_events_1999_01", "x; DROP TABLE orders"]
)
def test_nothing_but_an_old_month_can_be_dropped(name: str) -> None:
    this_month = f"webhook_events_{datetime.now(UTC):%Y_%m}"
    for refused in (name, this_month):
        with pytest.raises(DBAPIError, match="is not an old month"), atomic(None):
            event_partitions.drop(refused)


def test_a_partition_can_be_read_only_through_its_table(tenant: Brand, owner: Connection) -> None:
    receive(tenant, created(datetime.now(UTC)))
    for name in months(owner):
        with pytest.raises(DBAPIError, match="permission denied"), atomic(tenant.id):
            db.session.execute(text(f"SELECT count(*) FROM {name}"))  # noqa: S608


def test_a_month_that_is_in_use_is_created_later(owner: Connection, make_brand: Callable[..., Brand]) -> None:
    with owner.execution_options(isolation_level="READ COMMITTED").begin():
        owner.execute(text("LOCK TABLE webhook_events_default IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"), atomic(None):
            db.session.execute(text("SELECT lumira_create_event_partition(:at)"), {"at": LONG_AGO})
    assert "webhook_events_2019_03" not in months(owner)
