"""How many events a second are accepted: verified, stored, answered with 200."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tests.benchmarks import installation
from tests.benchmarks.deliveries import Delivered, Target, deliver
from tests.benchmarks.installation import Installation
from tests.benchmarks.payment_succeeded import Paid
from tests.benchmarks.processes import gunicorn

#: Deliveries before the measured ones: every thread has its connection, every process its caches.
WARMING_UP = 500
_SECRET = "whsec_reference"


def by_reference(made: Installation, *, events: int, scratch: Path) -> Delivered:
    """The hand-written route."""
    with made.server.lent(installation.REFERENCE) as database:
        environment = {**made.environment(database), "WEBHOOK_SECRET": _SECRET, "CONNECTIONS": "16"}
        web = gunicorn("tests.benchmarks.reference:wsgi()", environment, scratch / "reference.log")
        warm, measured = _events(WARMING_UP, first=0), _events(events, first=WARMING_UP)
        delivered = _deliver(web, "/webhook", _SECRET, warm, measured, scratch)
        _check_stored(made, database, "SELECT id FROM events", [*warm, *measured])
    return delivered


def by_lumira(made: Installation, *, events: int, scratch: Path) -> Delivered:
    """Lumira's own route, through everything that surrounds it."""
    with made.server.lent(installation.WITH_CATALOG) as database:
        web = gunicorn("wsgi:app", made.environment(database), scratch / "web.log")
        warm, measured = _events(WARMING_UP, first=0), _events(events, first=WARMING_UP)
        path = f"/api/webhooks/stripe/{made.brand.slug}"
        delivered = _deliver(web, path, made.brand.webhook_secret, warm, measured, scratch)
        _check_stored(made, database, "SELECT stripe_event_id FROM webhook_events", [*warm, *measured])
        _check_work_assured(made, database)
    return delivered


def _events(number: int, *, first: int) -> list[Paid]:
    return [
        Paid(f"evt_{index:024}", f"pi_{index:024}", f"LUM-{index:010}")
        for index in range(first, first + number)
    ]


def _deliver(
    web: AbstractContextManager[str],
    path: str,
    secret: str,
    warm: Sequence[Paid],
    measured: Sequence[Paid],
    scratch: Path,
) -> Delivered:
    with web as address:
        target = Target(address, path, secret)
        results = [deliver(target, events, scratch=scratch) for events in (warm, measured)]
    refused = sum(result.refused for result in results)
    if refused:
        raise RuntimeError(f"{refused} events were not answered with 200: see the logs in {scratch}.")
    return results[-1]


def _check_stored(made: Installation, database: str, query: str, sent: Sequence[Paid]) -> None:
    """Every event that was answered is there, once, and no other."""
    with made.server.connect(database) as connection:
        stored = sorted(event_id for (event_id,) in connection.execute(query).fetchall())
    if stored != sorted(paid.event_id for paid in sent):
        raise RuntimeError(f"{len(sent)} events were sent, and {len(stored)} rows are not exactly those.")


def _check_work_assured(made: Installation, database: str) -> None:
    """A worker that started now would find its wake-up, and every event waiting."""
    with made.server.connect(database) as connection:
        [(jobs,)] = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'drain_inbox' AND status = 'todo'"
        ).fetchall()
        [(others,)] = connection.execute(
            "SELECT count(*) FROM webhook_events WHERE status <> 'received' OR next_try_at > now()"
        ).fetchall()
    if (jobs, others) != (1, 0):
        raise RuntimeError(
            f"{jobs} wake-ups are queued where one is due, and {others} events would not be taken."
        )
