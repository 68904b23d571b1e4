"""`make chaos`, or `python -m tests.chaos --events 2000 --kills 20 --seed 7`."""

import contextlib
import signal
import sys
import time
from types import FrameType

from tests.chaos import faults, proofs, report
from tests.chaos.brands import open_brands
from tests.chaos.buyers import Buyers
from tests.chaos.installation import Installation, make_installation
from tests.chaos.killer import Killer
from tests.chaos.options import Options, read_options
from tests.chaos.plan import Plan, make_plan
from tests.chaos.purchase_log import PurchaseLog
from tests.chaos.report import Result
from tests.chaos.schedule import Schedule
from tests.chaos.settling import settle
from tests.chaos.shop import Shop
from tests.chaos.stack import Stack
from tests.chaos.stripe_side import Sandbox
from tests.chaos.wire import compare_wire

#: Threads that run buyers, and purchases in progress at most.
_THREADS = 12
_MAX_IN_PROGRESS = 96
_PROGRESS_EVERY = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run once and return the exit code: 0 if nothing was lost, doubled, wrong or stuck."""
    options = read_options(sys.argv[1:])
    _interrupt_on_signals()
    installation = make_installation(options.parent)
    log_progress(
        f"{options.events} purchases, {options.kills} kills, seed {options.seed}, in {installation.directory}"
    )
    keep = options.keep
    try:
        keep = not _run(options, installation) or keep
    except KeyboardInterrupt:
        log_progress("Interrupted.")
        return 130
    except BaseException:
        keep = True
        raise
    finally:
        if keep:
            log_progress(f"Logs, database and e-mails are in {installation.directory}")
        else:
            installation.remove()
    return 1 if keep and not options.keep else 0


def _run(options: Options, installation: Installation) -> bool:
    started = time.monotonic()
    plan = make_plan(options.events, options.kills, options.seed)
    purchase_log = PurchaseLog(installation.directory / "purchases.jsonl")
    with Stack(installation) as stack:
        stack.start_database_and_sandbox()
        brands = open_brands(installation, plan)
        stack.start_servers()
        shops = {slug: Shop(installation, brand) for slug, brand in brands.items()}
        sandbox = Sandbox(installation, brands, shops)
        log_progress(f"Everything is running after {time.monotonic() - started:.0f} s. Buying.")
        buying_started = time.monotonic()
        faults.start(shops, options.seed)
        run_errors, killer = _buy(plan, stack, shops, purchase_log)
        faults.end(shops)
        buying_seconds = time.monotonic() - buying_started
        log_progress(
            f"Bought for {buying_seconds:.0f} s. Faults and kills are over; waiting until everything is settled."
        )
        settled = settle(plan, installation, stack.database, sandbox, purchase_log, log_progress)
        wire = list(compare_wire(settled.stripe, settled.lumira, purchase_log, shops))
        proof = list(proofs.verify(installation))
        result = Result(
            options=options,
            plan=plan,
            stripe=settled.stripe,
            lumira=settled.lumira,
            differences=settled.differences + wire + proof,
            kills=killer.kills,
            run_errors=run_errors + killer.missed + stack.supervisor.unexpected_deaths,
            buying_seconds=buying_seconds,
            settling_seconds=settled.seconds,
            duration=time.monotonic() - started,
        )
    report.write_table(result, purchase_log, sys.stdout)
    report.write_differences(result, purchase_log, sandbox, sys.stdout)
    return result.is_good


def _buy(
    plan: Plan, stack: Stack, shops: dict[str, Shop], purchase_log: PurchaseLog
) -> tuple[list[str], Killer]:
    """Make all purchases and kills; return the errors of the run itself, and the killer with its counts."""
    schedule = Schedule(_THREADS)
    killer = Killer(stack, plan.kills, purchase_log)
    killer.start()
    buyers = Buyers(shops, schedule, purchase_log)
    # A small run has few purchases in progress at once, so that its kills are spread over it.
    places = min(_MAX_IN_PROGRESS, max(8, len(plan.purchases) // 6))
    reported_at = time.monotonic()
    try:
        for purchase in plan.purchases:
            schedule.wait_for_place(places)
            buyers.start(purchase)
            if time.monotonic() - reported_at > _PROGRESS_EVERY:
                reported_at = time.monotonic()
                log_progress(
                    f"{purchase_log.responses} of {len(plan.purchases)} opened, {killer.kills.total()} killed"
                )
        schedule.wait_until_done()
        killer.join()
    finally:
        killer.stop()
        schedule.stop()
    return schedule.errors, killer


def _interrupt_on_signals() -> None:
    """Make termination signals raise `KeyboardInterrupt`, so that every `with` block cleans up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Cleaning up takes seconds, and a second Ctrl-C must not leave processes running.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)


def log_progress(text: str) -> None:
    """Print one line about the progress to stderr."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
