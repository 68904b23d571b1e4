"""Each alert of Prometheus, live: something is broken, the alert fires; it is mended, and the alert recovers.

What Lumira shows before, while it is broken, and after is evaluated by Prometheus' own program. `LumiraJobsFail` is in
`test_metrics_of_processes.py`; `LumiraRequestsSlow`, which depends on elapsed time, in the tests of promtool only.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import text

from lumira import stripe_slots
from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors.stripe import StripeBusy, StripeConfigError, StripeUnavailable
from lumira.models import (
    Alert,
    AlertKind,
    CrmLane,
    EventStatus,
    MessageStatus,
    Order,
    OutboxMessage,
    StockReservation,
    WebhookEvent,
)
from lumira.models.stock import ReservationState
from lumira.reconciliation import reconcile
from lumira.repositories.alerts import alerts
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.measure_process import folder, measure
from lumira.webhooks import process
from tests.support import own_database, stripe_sandbox
from tests.support.counted import SENT, TOKEN, change, counting
from tests.support.evaluated_alerts import PHASE, check_firing
from tests.support.factories import Brand, load_order, open_payment
from tests.support.monitored_installation import Installation

pytestmark = pytest.mark.usefixtures("app_context")

settings, app = own_database.settings, own_database.app

#: An address of this machine at which nothing listens.
_NOWHERE = "127.0.0.1:1"
#: Minutes after which an alert fires at the latest, unless its case says otherwise.
_SOON = 14


#: Breaks something until it yields, and mends it afterwards.
Case = Callable[[Installation], Iterator[None]]
CASES: dict[str, tuple[Case, int]] = {}


def breaks(*names: str, within: int = _SOON) -> Callable[[Case], Case]:
    """Declare which alerts fire, and within how many minutes."""

    def declare(case: Case) -> Case:
        CASES[" ".join(names)] = (case, within)
        return case

    return declare


@breaks("LumiraDown")
def another_token(here: Installation) -> Iterator[None]:
    here.headers["Authorization"] = "Bearer another"
    yield
    here.headers.update(SENT)


@breaks("LumiraDatabaseNotReadable")
def no_database(here: Installation) -> Iterator[None]:
    working = here.client
    here.client = here.client_with(metrics_token=TOKEN, database_url=f"postgresql+psycopg://{_NOWHERE}/x")
    here.work = lambda: None  # type: ignore[method-assign]
    yield
    here.client = working
    del here.work


@breaks("LumiraNoWorker")
def no_worker(here: Installation) -> Iterator[None]:
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_workers"))
    yield
    with atomic(None):
        db.session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))


@breaks("LumiraRequestsFail")
def failing_requests(here: Installation) -> Iterator[None]:
    lost = here.client_with(metrics_token=TOKEN, database_url=f"postgresql+psycopg://{_NOWHERE}/x")
    for _ in range(3):
        assert lost.get("/api/orders", headers=here.tenant.secret).status_code == 503
    yield


@breaks("LumiraConnectionsUsedUp")
def connections_in_use(here: Installation) -> Iterator[None]:
    pools = {"main": db.engine.pool}
    with ExitStack() as used:
        for _ in range(pools["main"].size() - 1):
            used.enter_context(db.engine.connect())
        measure("web", pools)
        yield
    measure("web", pools)


@breaks("LumiraEventWaits")
def waiting_event(here: Installation) -> Iterator[None]:
    assert here.receive() == 200
    change(here.tenant, WebhookEvent, received_at=utc_now() - timedelta(minutes=10))
    yield
    process.process_events(here.tenant.id)


@breaks("LumiraEventsFailed")
def failed_event(here: Installation) -> Iterator[None]:
    assert here.receive() == 200
    change(here.tenant, WebhookEvent, status=EventStatus.FAILED)
    yield
    change(here.tenant, WebhookEvent, status=EventStatus.PROCESSED)


@breaks("LumiraSignaturesRefused")
def wrong_secret(here: Installation) -> Iterator[None]:
    for _ in range(40):
        assert here.receive(secret="whsec_of_another_endpoint") == 400
    yield
    assert here.receive() == 200
    process.process_events(here.tenant.id)


@breaks("LumiraWebhooksMissing")
def lost_webhooks(here: Installation) -> Iterator[None]:
    opened = open_payment(here.tenant)
    stripe_sandbox.pay(here.tenant, opened.payment_intent_id or "", opened.client_secret or "")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        assert reconcile.reconcile(here.tenant.id).events_recovered > 0
        process.process_events(here.tenant.id)
    change(here.tenant, OutboxMessage, status=MessageStatus.SENT)
    yield


@breaks("LumiraStripeFails", "LumiraPaymentsFail")
def stripe_is_down(here: Installation) -> Iterator[None]:
    stripe_client.configure(f"http://{_NOWHERE}")
    for _ in range(4):
        with pytest.raises(StripeUnavailable):
            open_payment(here.tenant)
    yield
    stripe_client.configure(here.tenant.sandbox_url)
    change(here.tenant, Order, next_poll_at=None)
    for _ in range(4):
        open_payment(here.tenant)


@breaks("LumiraStripeKeyRefused")
def refused_key(here: Installation) -> Iterator[None]:
    with atomic(here.tenant.id):
        account = stripe_accounts.find_account(here.tenant.id)
    assert account is not None
    for _ in range(10):
        with pytest.raises(StripeConfigError):
            stripe_client.get_payment_intent(replace(account, secret_key="sk_test_invalid_key"), "pi_1")
    yield


@breaks("LumiraStripeBusy")
def no_free_slot(here: Installation) -> Iterator[None]:
    stripe_slots.configure(1)
    with ExitStack() as others:
        # One has the slot, and two begin without.
        for _ in range(3):
            others.enter_context(stripe_slots.admitted())
        for _ in range(5):
            with pytest.raises(StripeBusy):
                others.enter_context(stripe_slots.admitted())
    stripe_slots.configure(here.client.application.extensions["lumira"].stripe_concurrency)
    yield


@breaks("LumiraReconciliationStopped", within=PHASE - 1)
def no_reconciliation(here: Installation) -> Iterator[None]:
    here.is_reconciled = False
    yield
    here.is_reconciled = True


@breaks("LumiraWorkLate")
def late_work(here: Installation) -> Iterator[None]:
    with atomic(here.tenant.id):
        alerts.raise_alert(here.tenant.id, kind=AlertKind.API_VERSION, subject="2020-08-27")
    change(here.tenant, Alert, next_notification_at=utc_now() - timedelta(minutes=6))
    yield
    change(here.tenant, Alert, next_notification_at=None)


@breaks("LumiraJobsWait")
def waiting_job(here: Installation) -> Iterator[None]:
    with atomic(None):
        db.session.execute(
            text("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('lumira', 'sweep')")
        )
        db.session.execute(text("UPDATE procrastinate_events SET at = now() - interval '10 minutes'"))
    yield
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_jobs"))


@breaks("LumiraCrmFails", within=16)
def dolibarr_fails(here: Installation) -> Iterator[None]:
    with atomic(here.tenant.id) as session:
        tenant = tenants.get(here.tenant.id)
        tenant.crm_switched_on_at = utc_now()
        session.add(
            CrmLane(
                tenant_id=here.tenant.id,
                token=1,
                leased_until=utc_now(),
                next_turn_at=utc_now() + timedelta(days=1),
                failing_since=utc_now(),
                problem="unavailable",
            )
        )
    yield
    with atomic(here.tenant.id):
        tenants.get(here.tenant.id).crm_switched_on_at = None


@breaks("LumiraMessagesDead")
def dead_message(here: Installation) -> Iterator[None]:
    order = load_order(here.tenant, open_payment(here.tenant).order_number)
    with atomic(here.tenant.id):
        message = OutboxMessage(
            tenant_id=here.tenant.id, order_id=order.id, kind="order_confirmation", subject=""
        )
        message.status = MessageStatus.DEAD
        db.session.add(message)
    yield
    change(here.tenant, OutboxMessage, status=MessageStatus.SENT)


@breaks("LumiraReservationsOverdue")
def overdue_reservation(here: Installation) -> Iterator[None]:
    open_payment(here.tenant, "shirt")
    here.is_reconciled = False
    change(here.tenant, StockReservation, expires_at=utc_now() - timedelta(minutes=10))
    yield
    here.is_reconciled = True
    change(here.tenant, StockReservation, state=ReservationState.RELEASED)


@breaks("LumiraPollsLate", "LumiraWorkLate")
def late_poll(here: Installation) -> Iterator[None]:
    open_payment(here.tenant)
    here.is_reconciled = False
    change(here.tenant, Order, next_poll_at=utc_now() - timedelta(minutes=20))
    yield
    here.is_reconciled = True


@pytest.fixture
def installation(
    client_with: Callable[..., FlaskClient], tenant: Brand, tmp_path: Path
) -> Iterator[Installation]:
    client = client_with(metrics_token=TOKEN, instance_path=tmp_path)
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_jobs"))
        db.session.execute(text("DELETE FROM procrastinate_workers"))
        db.session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    with counting(folder(client.application.extensions["lumira"])):
        yield Installation(client, tenant, client_with)


@pytest.mark.parametrize("names", CASES)
def test_an_alert_fires_when_something_breaks_and_recovers_when_it_is_mended(
    installation: Installation, tmp_path: Path, names: str
) -> None:
    case, within = CASES[names]
    installation.work()
    scrapes = [installation.scrape()]
    steps = case(installation)
    for _ in ("healthy", "broken", "mended"):
        installation.work()
        scrapes.append(installation.scrape())
        next(steps, None)

    expected = [(PHASE - 1, set[str]()), (within, set(names.split())), (PHASE - 1, set[str]())]
    # How long a page takes depends on what else the machine does.
    check_firing(scrapes, expected, among='alertname!="LumiraRequestsSlow"', folder=tmp_path)
