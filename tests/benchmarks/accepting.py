"""Measure how many events per second are accepted: verified, stored and answered with 200."""

import base64
import hashlib
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.benchmarks import installation, processor_time
from tests.benchmarks.deliveries import Delivered, Target, deliver
from tests.benchmarks.installation import Installation
from tests.benchmarks.payment_succeeded import Paid
from tests.benchmarks.processes import web_server

#: Unmeasured deliveries that open the connections and fill the caches of every process.
WARM_UP = 500
#: Parts in which the two sides alternate, because the load of a machine changes within seconds.
TURNS = 8
_SECRET = "whsec_reference"


@dataclass(frozen=True, slots=True)
class _Side:
    """A web server with the results of its deliveries."""

    target: Target
    scratch: Path
    #: The first processes of the web server and of PostgreSQL.
    pids: tuple[int, int]
    setup: Installation
    database: str
    parts: list[Delivered] = field(default_factory=list)

    def deliver(self, events: Sequence[Paid]) -> Delivered:
        """Deliver events and return the result; raise `RuntimeError` if one is refused."""
        before, bytes_before = processor_time.seconds_of(*self.pids), self._bytes()
        delivered = deliver(self.target, events, scratch=self.scratch)
        used = processor_time.seconds_of(*self.pids) - before
        stored, logged = (
            after - of_before for after, of_before in zip(self._bytes(), bytes_before, strict=True)
        )
        if delivered.refused:
            raise RuntimeError(
                f"{delivered.refused} events were not answered with 200: see the logs in {self.scratch}."
            )
        return replace(
            delivered,
            processor_seconds=used,
            stored_bytes=stored / delivered.accepted,
            logged_bytes=logged / delivered.accepted,
        )

    def _bytes(self) -> tuple[int, int]:
        """Return the bytes of the database, and those of the server's log ahead since it was created."""
        with self.setup.server.connect(self.database) as connection:
            [(stored, logged)] = connection.execute(
                "SELECT pg_database_size(current_database()), pg_current_wal_lsn() - '0/0'"
            ).fetchall()
        return int(stored), int(logged)

    def without_length(self, events: Sequence[Paid]) -> Delivered:
        """Deliver events whose bodies come without a length, in one part."""
        return replace(self, target=replace(self.target, is_chunked=True)).deliver(events)

    def total(self) -> Delivered:
        """Return all parts as one: sums of events and seconds, the median p50 and the largest p99."""
        return Delivered(
            accepted=sum(part.accepted for part in self.parts),
            refused=sum(part.refused for part in self.parts),
            seconds=sum(part.seconds for part in self.parts),
            p50=statistics.median(part.p50 for part in self.parts),
            p99=max(part.p99 for part in self.parts),
            processor_seconds=sum(part.processor_seconds for part in self.parts),
            stored_bytes=statistics.fmean(part.stored_bytes for part in self.parts),
            logged_bytes=statistics.fmean(part.logged_bytes for part in self.parts),
        )


def alternately(setup: Installation, *, events: int, scratch: Path) -> tuple[Delivered, Delivered, Delivered]:
    """Measure the reference and Lumira alternately, swapping their order after each part.

    The last result is that of Lumira's route, without the door for deliveries, in one further part.
    """
    warm, measured = _events(0, WARM_UP), _events(WARM_UP, events)
    for_route = _events(WARM_UP + events, events // TURNS)
    sent = [*warm, *measured]
    with _lumira(setup, [*sent, *for_route], scratch) as lumira:
        with _reference(setup, sent, scratch) as reference:
            sides = [reference, lumira]
            for side in sides:
                side.deliver(warm)
            for turn in range(TURNS):
                part = measured[turn * events // TURNS : (turn + 1) * events // TURNS]
                for side in sides if turn % 2 == 0 else reversed(sides):
                    side.parts.append(side.deliver(part))
        # Only now: its threads need the connections that the reference had.
        by_route = lumira.without_length(for_route)
    return reference.total(), lumira.total(), by_route


@contextmanager
def _reference(setup: Installation, sent: Sequence[Paid], scratch: Path) -> Iterator[_Side]:
    """Run the reference; check the stored events at the end."""
    with setup.server.copied(installation.REFERENCE) as database:
        environment = {**setup.environment(database), "WEBHOOK_SECRET": _SECRET, "CONNECTIONS": "16"}
        log = scratch / "reference.log"
        with web_server("tests.benchmarks.reference:wsgi()", environment, log) as (address, pid):
            target = Target(address, "/webhook", _SECRET)
            yield _Side(target, scratch, (pid, setup.server.pid), setup, database)
        _check_stored(setup, database, "SELECT id FROM events", sent)


@contextmanager
def _lumira(setup: Installation, sent: Sequence[Paid], scratch: Path) -> Iterator[_Side]:
    """Run Lumira's web server; check the stored events and the job at the end."""
    with setup.server.copied(installation.WITH_CATALOG) as database:
        with web_server("wsgi:app", setup.environment(database), scratch / "web.log") as (address, pid):
            path = f"/api/webhooks/stripe/{setup.brand.slug}"
            target = Target(address, path, setup.brand.webhook_secret)
            yield _Side(target, scratch, (pid, setup.server.pid), setup, database)
        _check_stored(setup, database, "SELECT stripe_event_id FROM webhook_events", sent)
        _check_job_enqueued(setup, database)


def _events(first: int, number: int) -> list[Paid]:
    return [
        Paid(f"evt_{_ending(index)}", f"pi_{_ending(index)}", f"LUM-{index:010}")
        for index in range(first, first + number)
    ]


def _ending(index: int) -> str:
    """Letters and digits, as in Stripe's ids: a long row of digits alone would be taken for a card's number first."""
    return base64.b32encode(hashlib.sha256(b"%d" % index).digest()).decode()[:24]


def _check_stored(setup: Installation, database: str, query: str, sent: Sequence[Paid]) -> None:
    """Check that exactly the accepted events are stored, once each."""
    with setup.server.connect(database) as connection:
        stored = sorted(event_id for (event_id,) in connection.execute(query).fetchall())
    if stored != sorted(paid.event_id for paid in sent):
        raise RuntimeError(
            f"{len(sent)} events were sent, but the {len(stored)} stored rows differ from them."
        )


def _check_job_enqueued(setup: Installation, database: str) -> None:
    """Check that a worker would find one job and every event due."""
    with setup.server.connect(database) as connection:
        [(jobs,)] = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_events' AND status = 'todo'"
        ).fetchall()
        [(others,)] = connection.execute(
            "SELECT count(*) FROM webhook_events WHERE status <> 'received' OR next_attempt_at > now()"
        ).fetchall()
    if (jobs, others) != (1, 0):
        raise RuntimeError(f"{jobs} jobs are enqueued instead of one, and {others} events are not due.")
