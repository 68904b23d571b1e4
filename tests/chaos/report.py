"""What a run prints: one table, and where it went wrong everything needed to find out why."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TextIO

from tests.chaos.comparison import PROMISED
from tests.chaos.differences import KINDS, Difference
from tests.chaos.expectations import ACTING
from tests.chaos.journal import Journal
from tests.chaos.lumira_side import Records, Row
from tests.chaos.options import Options
from tests.chaos.plan import Plan, Victim
from tests.chaos.stock import count_pieces
from tests.chaos.stripe_side import Sandbox, Truth

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that the table is made of."""

    options: Options
    plan: Plan
    truth: Truth
    records: Records
    differences: list[Difference]
    kills: Counter[Victim]
    #: Kills that could not be carried out, processes that ended without one, mistakes of the run itself.
    troubles: list[str]
    #: Seconds: buying, then until all was settled, then in all.
    bought_in: float
    settled_in: float
    duration: float

    @property
    def is_good(self) -> bool:
        return not self.differences and not self.troubles


def write_table(result: Result, journal: Journal, out: TextIO) -> None:
    """The table, in Markdown."""
    rows = [
        ("", ""),
        *_bought(result, journal),
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


def _bought(result: Result, journal: Journal) -> list[tuple[str, str]]:
    entries = list(journal.entries.values())
    sold = count_pieces(result.records, "sold").total()
    requests = [request for order in result.records.orders for request in order.refund_requests]
    return [
        ("purchases", f"{result.options.events}"),
        ("of these carts on Stripe's page", f"{sum(entry.purchase.on_page for entry in entries)}"),
        ("of these with goods", f"{sum(bool(entry.purchase.goods) for entry in entries)}"),
        ("calls to open one, answered", f"{sum(len(entry.opened) for entry in entries)}"),
        ("refused for want of pieces", f"{sum(entry.is_refused for entry in entries)}"),
        ("pieces there / sold", f"{sum(result.plan.stock.values())} / {sold}"),
        ("paid when nothing was left", f"{sum(order.is_sold_out for order in result.records.orders)}"),
        (
            "refunds asked of Lumira / its own",
            f"{_by_origin(requests, asked=True)} / {_by_origin(requests, asked=False)}",
        ),
    ]


def _by_origin(requests: list[Row], *, asked: bool) -> int:
    return sum((request["origin"] == "requested") is asked for request in requests)


def _happened(result: Result) -> list[tuple[str, str]]:
    truth, deliveries = result.truth, result.truth.deliveries
    paid = [intent for intent in truth.intents.values() if intent.is_paid]
    acting = sum(event.type in ACTING for event in truth.events)
    return [
        ("paid", f"{len(paid)}"),
        ("refunds / disputes", f"{_count(paid, 'refunds')} / {_count(paid, 'disputes')}"),
        ("events at Stripe (of these act)", f"{len(truth.events)} ({acting})"),
        ("webhooks sent, tries", f"{deliveries['attempts']}"),
        ("webhooks doubled / lost", f"{deliveries['copies']} / {deliveries.get('lost', 0)}"),
        ("events received", f"{len(result.records.events)}"),
        ("of these recovered by reconciliation", f"{result.records.recovered}"),
    ]


def _count(intents: list, name: str) -> int:  # type: ignore[type-arg]
    return sum(len(getattr(intent, name)) for intent in intents)


def _kills(result: Result) -> list[tuple[str, str]]:
    return [
        ("kills", f"{result.kills.total()}"),
        *((f"- {victim}", f"{result.kills[victim]}") for victim in Victim),
    ]


def _verdict(result: Result) -> list[tuple[str, str]]:
    found = Counter(difference.kind for difference in result.differences)
    return [(f"**{kind}**", f"**{found[kind]}**") for kind in KINDS]


def _times(result: Result) -> list[tuple[str, str]]:
    paid_at = {intent.id: intent.paid_at for intent in result.truth.intents.values() if intent.paid_at}
    took = sorted(
        order.row["completed_at"].timestamp() - paid_at[payment["id"]]
        for order in result.records.orders
        for payment in order.payments
        if order.row["completed_at"] and payment["id"] in paid_at
    )
    shown = "none paid"
    if took:
        at = [took[min(int(len(took) * part), len(took) - 1)] for part in (0.5, 0.99)]
        shown = f"{at[0]:.2f} s / {at[1]:.1f} s / {took[-1]:.1f} s"
    # Not held against it: the promise counts from when Stripe answers and nothing is killed any more.
    late = sum(seconds > PROMISED for seconds in took)
    return [
        ("payment to completed: p50 / p99 / max", shown),
        (f"of these after more than {PROMISED:.0f} s", f"{late}"),
        ("buying, under misfortune", f"{result.bought_in:.0f} s"),
        ("until all was settled", f"{result.settled_in:.0f} s"),
        ("whole run", f"{result.duration:.0f} s"),
        ("seed", f"{result.options.seed}"),
    ]


def write_differences(result: Result, journal: Journal, sandbox: Sandbox, out: TextIO) -> None:
    """The first differences, those of one order together and with its story."""
    for trouble in result.troubles[:_SHOWN]:
        out.write(f"\ntrouble: {trouble}\n")
    by_subject: dict[object, list[Difference]] = defaultdict(list)
    for number, difference in enumerate(result.differences):
        by_subject[difference.order or difference.purchase or f"no order {number}"].append(difference)
    for differences in list(by_subject.values())[:_SHOWN]:
        out.write("\n")
        out.writelines(f"{difference.kind}: {difference.what}\n" for difference in differences)
        _write_story(differences[0], result, journal, sandbox, out)
    if len(by_subject) > _SHOWN:
        out.write(f"\nAnd {len(by_subject) - _SHOWN} more.\n")


def _write_story(
    difference: Difference, result: Result, journal: Journal, sandbox: Sandbox, out: TextIO
) -> None:
    """All that is known of the order on each side."""
    names = {"order": difference.order, "payment": difference.intent, "purchase": difference.purchase}
    known = ", ".join(f"{name} {value}" for name, value in names.items() if value is not None)
    if known:
        out.write(f"  {known}\n")
    entry = journal.entries.get(difference.purchase) if difference.purchase is not None else None
    if entry is not None:
        out.write(f"  {entry.purchase}\n")
        out.writelines(f"  buyer  {note}\n" for note in entry.notes)
    for record in result.records.orders:
        if record.number == difference.order:
            out.writelines(f"  row    {part}: {rows}\n" for part, rows in vars(record).items())
    if difference.intent is not None:
        out.writelines(f"  stripe {line}\n" for line in sandbox.story(difference.intent))
