"""How many events a second are accepted: verified, stored, answered with 200."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import installation
from tests.benchmarks.deliveries import Delivered, Target, deliver
from tests.benchmarks.installation import Installation
from tests.benchmarks.payment_succeeded import Paid
from tests.benchmarks.processes import gunicorn

#: Deliveries before the measured ones: every thread has its connection, every process its caches.
WARMING_UP = 500
#: How often each side gets its turn in one measurement. What else the machine does changes within seconds.
TURNS = 8
_SECRET = "whsec_reference"


@dataclass(frozen=True, slots=True)
class _Side:
    """A web server that events are delivered to, and what became of them."""

    target: Target
    scratch: Path
    parts: list[Delivered] = field(default_factory=list)

    def take(self, events: Sequence[Paid]) -> Delivered:
        """Deliver them, in a run of their own."""
        delivered = deliver(self.target, events, scratch=self.scratch)
        if delivered.refused:
            raise RuntimeError(
                f"{delivered.refused} events were not answered with 200: see the logs in {self.scratch}."
            )
        return delivered

    def whole(self) -> Delivered:
        """All turns as one: their events and seconds added up, the usual half of the waits and the longest."""
        return Delivered(
            accepted=sum(part.accepted for part in self.parts),
            refused=sum(part.refused for part in self.parts),
            seconds=sum(part.seconds for part in self.parts),
            p50=statistics.median(part.p50 for part in self.parts),
            p99=max(part.p99 for part in self.parts),
        )


def in_turns(made: Installation, *, events: int, scratch: Path) -> tuple[Delivered, Delivered]:
    """The hand-written route and Lumira's own, a part of the events each, forwards and backwards."""
    warm, measured = _events(0, WARMING_UP), _events(WARMING_UP, events)
    sent = [*warm, *measured]
    with _reference(made, sent, scratch) as reference, _lumira(made, sent, scratch) as lumira:
        sides = [reference, lumira]
        for side in sides:
            side.take(warm)
        for turn in range(TURNS):
            part = measured[turn * events // TURNS : (turn + 1) * events // TURNS]
            for side in sides if turn % 2 == 0 else reversed(sides):
                side.parts.append(side.take(part))
    return reference.whole(), lumira.whole()


@contextmanager
def _reference(made: Installation, sent: Sequence[Paid], scratch: Path) -> Iterator[_Side]:
    """The hand-written route; what it stored is looked at in the end."""
    with made.server.lent(installation.REFERENCE) as database:
        environment = {**made.environment(database), "WEBHOOK_SECRET": _SECRET, "CONNECTIONS": "16"}
        with gunicorn("tests.benchmarks.reference:wsgi()", environment, scratch / "reference.log") as address:
            yield _Side(Target(address, "/webhook", _SECRET), scratch)
        _check_stored(made, database, "SELECT id FROM events", sent)


@contextmanager
def _lumira(made: Installation, sent: Sequence[Paid], scratch: Path) -> Iterator[_Side]:
    """Lumira's own route, with everything that surrounds it; what it stored is looked at in the end."""
    with made.server.lent(installation.WITH_CATALOG) as database:
        with gunicorn("wsgi:app", made.environment(database), scratch / "web.log") as address:
            path = f"/api/webhooks/stripe/{made.brand.slug}"
            yield _Side(Target(address, path, made.brand.webhook_secret), scratch)
        _check_stored(made, database, "SELECT stripe_event_id FROM webhook_events", sent)
        _check_work_assured(made, database)


def _events(first: int, number: int) -> list[Paid]:
    return [
        Paid(f"evt_{index:024}", f"pi_{index:024}", f"LUM-{index:010}")
        for index in range(first, first + number)
    ]


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
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_events' AND status = 'todo'"
        ).fetchall()
        [(others,)] = connection.execute(
            "SELECT count(*) FROM webhook_events WHERE status <> 'received' OR next_attempt_at > now()"
        ).fetchall()
    if (jobs, others) != (1, 0):
        raise RuntimeError(
            f"{jobs} wake-ups are queued where one is due, and {others} events would not be taken."
        )
