"""Compare everything that Lumira stored with Stripe's records."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.alert_comparison import compare_alerts
from tests.chaos.differences import Difference
from tests.chaos.expectations import ACTING
from tests.chaos.lumira_side import LumiraState
from tests.chaos.order_comparison import OrderComparison
from tests.chaos.plan import Plan
from tests.chaos.purchase_log import PurchaseLog
from tests.chaos.stock import compare_stock
from tests.chaos.stripe_side import StripeState

#: Seconds within which everything must be settled once Stripe responds and a worker runs again.
PROMISED = 300.0
#: Seconds after which a missing sweep means that periodic jobs have stopped.
_SWEEP_WITHIN = 40.0


def compare(
    plan: Plan, stripe: StripeState, lumira: LumiraState, purchase_log: PurchaseLog, outbox: Path
) -> list[Difference]:
    """Return all differences, those of orders first."""
    orders = OrderComparison(stripe, lumira, purchase_log, outbox)
    return [
        *orders.differences(),
        *compare_alerts(orders.required_alerts(), lumira),
        *compare_stock(plan, lumira),
        *_customers(stripe),
        *_events(stripe, lumira),
        *_leftovers(lumira),
    ]


def _customers(stripe: StripeState) -> Iterable[Difference]:
    for (tenant, customer_id), number in Counter(stripe.customers).items():
        if number > 1:
            yield Difference("doubled", f"{number} Stripe customers of {tenant} for customer {customer_id}")


def _events(stripe: StripeState, lumira: LumiraState) -> Iterable[Difference]:
    stored = {(row["tenant"], row["id"]): row for row in lumira.events}
    if len(stored) != len(lumira.events):
        yield Difference("doubled", f"{len(lumira.events) - len(stored)} events are stored twice")
    for event in stripe.events:
        row = stored.get((event.tenant, event.id))
        if row is None:
            if event.type in ACTING:
                yield Difference("lost", f"event {event.id} {event.type} of {event.tenant}")
        elif row["status"] in ("received", "parked", "failed"):
            yield Difference("stuck", f"event {row}")
        elif event.type in ACTING and row["status"] != "processed":
            yield Difference("wrong", f"event {row}")


def _leftovers(lumira: LumiraState) -> Iterable[Difference]:
    for key in lumira.keys:
        # Every request was retried to its end, so no lease may remain.
        if key["reply_status"] is None or key["leased_until"] is not None:
            yield Difference("stuck", f"idempotency key {key}")
    if lumira.sweep_age > _SWEEP_WITHIN:
        yield Difference("stuck", f"periodic jobs: last sweep {lumira.sweep_age:.0f} s ago")
