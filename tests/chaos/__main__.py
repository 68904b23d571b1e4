"""`make chaos`, or `python -m tests.chaos --events 2000 --kills 20 --seed 7`."""

import contextlib
import signal
import sys
import time
from types import FrameType

from tests.chaos import faults, proofs, report
from tests.chaos.brands import open_brands
from tests.chaos.buyers import Market
from tests.chaos.installation import Installation, make_installation
from tests.chaos.journal import Journal
from tests.chaos.killer import Killer
from tests.chaos.options import Options, read_options
from tests.chaos.plan import Plan, draw
from tests.chaos.report import Result
from tests.chaos.schedule import Schedule
from tests.chaos.settling import settle
from tests.chaos.shop import Shop
from tests.chaos.stack import Stack
from tests.chaos.stripe_side import Sandbox
from tests.chaos.wire import compare_wire

#: How many buyers do something at the same instant, and how many are under way at most.
_THREADS = 12
_MOST_UNDER_WAY = 96
_TELL_EVERY = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """0 if nothing was lost, doubled, wrong or stuck."""
    options = read_options(sys.argv[1:])
    _end_gracefully()
    installation = make_installation(options.parent)
    tell(
        f"{options.events} purchases, {options.kills} kills, seed {options.seed}, in {installation.directory}"
    )
    keep = options.keep
    try:
        keep = not _run(options, installation) or keep
    except KeyboardInterrupt:
        tell("Interrupted.")
        return 130
    except BaseException:
        keep = True
        raise
    finally:
        if keep:
            tell(f"Logs, database and letters are in {installation.directory}")
        else:
            installation.remove()
    return 1 if keep and not options.keep else 0


def _run(options: Options, installation: Installation) -> bool:
    started = time.monotonic()
    plan = draw(options.events, options.kills, options.seed)
    journal = Journal(installation.directory / "journal.jsonl")
    with Stack(installation) as stack:
        stack.start_stores()
        brands = open_brands(installation, plan)
        stack.start_servers()
        shops = {slug: Shop(installation, brand) for slug, brand in brands.items()}
        sandbox = Sandbox(installation, brands, shops)
        tell(f"Everything runs after {time.monotonic() - started:.0f} s; buying.")
        bought = time.monotonic()
        faults.begin(shops, options.seed)
        troubles, killer = _buy(plan, stack, shops, journal)
        faults.end(shops)
        bought_in = time.monotonic() - bought
        tell(f"Bought for {bought_in:.0f} s; nothing goes wrong any more. Waiting until all is settled.")
        settled = settle(plan, installation, stack.database, sandbox, journal, tell)
        wire = list(compare_wire(settled.truth, settled.records, journal, shops))
        proof = list(proofs.verify(installation))
        result = Result(
            options=options,
            plan=plan,
            truth=settled.truth,
            records=settled.records,
            differences=settled.differences + wire + proof,
            kills=killer.kills,
            troubles=troubles + killer.missed + stack.supervisor.unexpected_deaths,
            bought_in=bought_in,
            settled_in=settled.seconds,
            duration=time.monotonic() - started,
        )
    report.write_table(result, journal, sys.stdout)
    report.write_differences(result, journal, sandbox, sys.stdout)
    return result.is_good


def _buy(plan: Plan, stack: Stack, shops: dict[str, Shop], journal: Journal) -> tuple[list[str], Killer]:
    """All purchases and all kills; what went wrong with the run itself, and the killer's account."""
    schedule = Schedule(_THREADS)
    killer = Killer(stack, plan.kills, journal)
    killer.start()
    market = Market(shops, schedule, journal)
    # A small run has few under way at once, so that its kills are spread over it, too.
    places = min(_MOST_UNDER_WAY, max(8, len(plan.purchases) // 6))
    told = time.monotonic()
    try:
        for purchase in plan.purchases:
            schedule.wait_for_place(places)
            market.send(purchase)
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                tell(f"{journal.answered} of {len(plan.purchases)} opened, {killer.kills.total()} killed")
        schedule.wait_until_done()
        killer.join()
    finally:
        killer.stop()
        schedule.stop()
    return schedule.errors, killer


def _end_gracefully() -> None:
    """A signal to end ends as Ctrl-C does, through every `with` block that cleans up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Cleaning up takes its time, and a second Ctrl-C must not leave half of it running.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)


def tell(text: str) -> None:
    """One line about how far it is."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
