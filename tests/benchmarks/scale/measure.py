"""What is measured: accepting and settling beside empty tables, every list and sweep, commands, and migrations."""

import statistics
import time
from collections.abc import Callable

from lumira.webhooks import inbox, process
from tests.benchmarks.scale import migrations, processor, readers, template
from tests.benchmarks.scale.databases import EMPTY, LARGE, Setup
from tests.benchmarks.scale.figures import Figure, Results
from tests.support import stripe_events
from tests.support.factories import Brand

Log = Callable[[str], None]

#: Events that one round accepts, and orders that one round settles, on each side.
EVENTS, ORDERS = 400, 150
#: The slowest list or sweep, in milliseconds.
LIST_AIM = 200.0
#: The lowest ratio of accepting and settling to the same with empty tables.
RATIO_AIM = 0.9
#: Seconds in which a million receipts are verified.
VERIFY_AIM = 20.0


def measure(setup: Setup, *, rounds: int, log: Log) -> Results:
    """Measure everything once, and accepting and settling in alternating rounds."""
    results = Results()
    # Commands and lists first: they read the tables as they were filled.
    results.lists = _lists(setup, log)
    results.commands = _commands(setup, log)
    results.rates = _rates(setup, rounds, log)
    results.migrations = migrations.measure_statements(setup, log)
    return results


def _rates(setup: Setup, rounds: int, log: Log) -> list[Figure]:
    accepted: list[float] = []
    settled: list[float] = []
    for number in range(rounds):
        rates = {}
        for database in (EMPTY, LARGE) if number % 2 == 0 else (LARGE, EMPTY):
            with setup.application(database):
                rates[database] = _accept(setup.brand, number), _settle(setup.brand, number)
        accepted.append(rates[LARGE][0] / rates[EMPTY][0])
        settled.append(rates[LARGE][1] / rates[EMPTY][1])
        log(
            f"round {number + 1}: accepts {rates[EMPTY][0]:,.0f}/s empty, {rates[LARGE][0]:,.0f}/s large; "
            f"settles {rates[EMPTY][1]:,.0f}/s empty, {rates[LARGE][1]:,.0f}/s large"
        )
    return [
        Figure(
            "events accepted, against empty tables", statistics.median(accepted), RATIO_AIM, "", is_most=False
        ),
        Figure(
            "orders settled, against empty tables", statistics.median(settled), RATIO_AIM, "", is_most=False
        ),
    ]


def _accept(brand: Brand, number: int) -> float:
    """Return the events that are stored per second of processor, each in its own durable transaction."""
    bodies = [
        stripe_events.encode(
            stripe_events.event("charge.updated", {"id": f"ch_{number}_{index}", "object": "charge"})
        )
        for index in range(EVENTS)
    ]
    signed = [(body, stripe_events.signature(body, brand.webhook_secret)) for body in bodies]
    inbox.receive(brand.id, body=signed[0][0], signature=signed[0][1])
    started = processor.seconds()
    for body, signature in signed[1:]:
        inbox.receive(brand.id, body=body, signature=signature)
    rate = (EVENTS - 1) / (processor.seconds() - started)
    process.process_events(brand.id)
    return rate


def _settle(brand: Brand, number: int) -> float:
    """Return the paid orders that are settled per second of processor."""
    for index in range(ORDERS):
        _, body = template.open_paid(brand, "mystique", f"settled{number}x{index}")
        inbox.receive(brand.id, body=body, signature=stripe_events.signature(body, brand.webhook_secret))
    started = processor.seconds()
    process.process_events(brand.id)
    return ORDERS / (processor.seconds() - started)


def _lists(setup: Setup, log: Log) -> list[Figure]:
    timed: dict[str, dict[str, float]] = {EMPTY: {}, LARGE: {}}
    for database in (EMPTY, LARGE):
        with setup.application(database) as app:
            for name, read in readers.lists(app, setup.brand):
                timed[database][name] = _fastest_of(read)
                log(f"{database} {name}: {timed[database][name]:,.1f} ms")
    return [
        Figure(name, value, LIST_AIM, "ms", timed[EMPTY].get(name)) for name, value in timed[LARGE].items()
    ]


def _fastest_of(read: Callable[[], object], *, times: int = 7) -> float:
    """Return the fastest of some calls in milliseconds, after two that fill the caches.

    The fastest, because whatever else runs on the machine only adds to it.
    """
    durations = []
    for _ in range(times + 2):
        started = time.perf_counter()
        read()
        durations.append((time.perf_counter() - started) * 1000)
    return min(durations[2:])


def _commands(setup: Setup, log: Log) -> list[Figure]:
    figures = []
    with setup.application(LARGE) as app:
        receipts = readers.count_receipts()
        for name, run in readers.commands(app, setup.brand):
            started = time.perf_counter()
            run()
            seconds = time.perf_counter() - started
            is_verify = name.startswith("receipts verify")
            aim = VERIFY_AIM * receipts / 1e6 if is_verify else None
            figures.append(Figure(name, seconds, aim, "s"))
            log(f"{name}: {seconds:,.1f} s")
    return figures
