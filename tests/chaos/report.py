"""The output of a run: a table, and all details of each difference."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TextIO

from tests.chaos.comparison import PROMISED
from tests.chaos.differences import KINDS, Difference
from tests.chaos.expectations import ACTING
from tests.chaos.lumira_side import LumiraState, Row
from tests.chaos.options import Options
from tests.chaos.plan import Plan, Victim
from tests.chaos.purchase_log import PurchaseLog
from tests.chaos.stock import count_units
from tests.chaos.stripe_side import Sandbox, StripeState

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Result:
    """The results of a run."""

    options: Options
    plan: Plan
    stripe: StripeState
    lumira: LumiraState
    differences: list[Difference]
    kills: Counter[Victim]
    #: Kills that could not be carried out, processes that died without one, and errors of the run itself.
    run_errors: list[str]
    #: Durations in seconds: of the purchases, until all was settled, and in total.
    buying_seconds: float
    settling_seconds: float
    duration: float

    @property
    def is_good(self) -> bool:
        return not self.differences and not self.run_errors


def write_table(result: Result, purchase_log: PurchaseLog, out: TextIO) -> None:
    """Write the table in Markdown."""
    rows = [
        ("", ""),
        *_bought(result, purchase_log),
        *_happened(result),
        *_kills(result),
        *_verdict(result),
        *_times(result),
    ]
    width = max(len(name) for name, _ in rows)
    values = max(len(value) for _, value in rows)
    for number, (name, value) in enumerate(rows):
        out.write(f"| {name:<{width}} | {value:>{values}} |\n")
        if number == 0:
            out.write(f"|{'-' * (width + 2)}|{'-' * (values + 1)}:|\n")


def _bought(result: Result, purchase_log: PurchaseLog) -> list[tuple[str, str]]:
    entries = list(purchase_log.entries.values())
    sold = count_units(result.lumira, "sold").total()
    requests = [request for order in result.lumira.orders for request in order.refund_requests]
    return [
        ("purchases", f"{result.options.events}"),
        ("of these carts in Checkout", f"{sum(entry.purchase.uses_checkout for entry in entries)}"),
        ("of these with physical products", f"{sum(bool(entry.purchase.goods) for entry in entries)}"),
        ("successful calls to open one", f"{sum(len(entry.opened) for entry in entries)}"),
        ("refused as out of stock", f"{sum(entry.was_out_of_stock for entry in entries)}"),
        ("units in stock / sold", f"{sum(result.plan.stock.values())} / {sold}"),
        ("paid when sold out", f"{sum(order.is_sold_out for order in result.lumira.orders)}"),
        (
            "refunds requested / automatic",
            f"{_by_origin(requests, is_requested=True)} / {_by_origin(requests, is_requested=False)}",
        ),
    ]


def _by_origin(requests: list[Row], *, is_requested: bool) -> int:
    return sum((request["origin"] == "requested") is is_requested for request in requests)


def _happened(result: Result) -> list[tuple[str, str]]:
    stripe, deliveries = result.stripe, result.stripe.deliveries
    paid = [intent for intent in stripe.intents.values() if intent.is_paid]
    acting = sum(event.type in ACTING for event in stripe.events)
    return [
        ("paid", f"{len(paid)}"),
        ("refunds / disputes", f"{_count(paid, 'refunds')} / {_count(paid, 'disputes')}"),
        ("events at Stripe (of these processed)", f"{len(stripe.events)} ({acting})"),
        ("webhook attempts", f"{deliveries['attempts']}"),
        ("webhooks duplicated / lost", f"{deliveries['copies']} / {deliveries.get('lost', 0)}"),
        ("events received", f"{len(result.lumira.events)}"),
        ("of these recovered by reconciliation", f"{result.lumira.recovered}"),
    ]


def _count(intents: list, name: str) -> int:  # type: ignore[type-arg]
    return sum(len(getattr(intent, name)) for intent in intents)


def _kills(result: Result) -> list[tuple[str, str]]:
    return [
        ("kills", f"{result.kills.total()}"),
        *((f"- {victim}", f"{result.kills[victim]}") for victim in Victim),
    ]


def _verdict(result: Result) -> list[tuple[str, str]]:
    numbers = Counter(difference.kind for difference in result.differences)
    return [(f"**{kind}**", f"**{numbers[kind]}**") for kind in KINDS]


def _times(result: Result) -> list[tuple[str, str]]:
    paid_at = {intent.id: intent.paid_at for intent in result.stripe.intents.values() if intent.paid_at}
    durations = sorted(
        order.row["completed_at"].timestamp() - paid_at[payment["id"]]
        for order in result.lumira.orders
        for payment in order.payments
        if order.row["completed_at"] and payment["id"] in paid_at
    )
    shown = "none paid"
    if durations:
        at = [durations[min(int(len(durations) * share), len(durations) - 1)] for share in (0.5, 0.99)]
        shown = f"{at[0]:.2f} s / {at[1]:.1f} s / {durations[-1]:.1f} s"
    # Not a failure: the promise starts when Stripe responds and no process is killed any more.
    late = sum(seconds > PROMISED for seconds in durations)
    return [
        ("payment to completed: p50 / p99 / max", shown),
        (f"of these after more than {PROMISED:.0f} s", f"{late}"),
        ("buying, with faults and kills", f"{result.buying_seconds:.0f} s"),
        ("until all was settled", f"{result.settling_seconds:.0f} s"),
        ("whole run", f"{result.duration:.0f} s"),
        ("seed", f"{result.options.seed}"),
    ]


def write_differences(result: Result, purchase_log: PurchaseLog, sandbox: Sandbox, out: TextIO) -> None:
    """Write the first differences, grouped by order, with the history of each order."""
    for run_error in result.run_errors[:_SHOWN]:
        out.write(f"\nerror of the run: {run_error}\n")
    by_subject: dict[object, list[Difference]] = defaultdict(list)
    for number, difference in enumerate(result.differences):
        by_subject[difference.order or difference.purchase or f"no order {number}"].append(difference)
    for differences in list(by_subject.values())[:_SHOWN]:
        out.write("\n")
        out.writelines(f"{difference.kind}: {difference.what}\n" for difference in differences)
        _write_history(differences[0], result, purchase_log, sandbox, out)
    if len(by_subject) > _SHOWN:
        out.write(f"\nAnd {len(by_subject) - _SHOWN} more.\n")


def _write_history(
    difference: Difference, result: Result, purchase_log: PurchaseLog, sandbox: Sandbox, out: TextIO
) -> None:
    """Write all that the buyer, Lumira and Stripe recorded of the order."""
    names = {"order": difference.order, "payment": difference.intent, "purchase": difference.purchase}
    subjects = ", ".join(f"{name} {value}" for name, value in names.items() if value is not None)
    if subjects:
        out.write(f"  {subjects}\n")
    entry = purchase_log.entries.get(difference.purchase) if difference.purchase is not None else None
    if entry is not None:
        out.write(f"  {entry.purchase}\n")
        out.writelines(f"  buyer  {step}\n" for step in entry.steps)
    for record in result.lumira.orders:
        if record.number == difference.order:
            out.writelines(f"  row    {part}: {rows}\n" for part, rows in vars(record).items())
    if difference.intent is not None:
        out.writelines(f"  stripe {line}\n" for line in sandbox.history(difference.intent))
