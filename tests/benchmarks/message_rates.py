"""Measure one worker that sends the messages of paid orders, each with its receipt."""

import http.client
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.benchmarks import installation
from tests.benchmarks.installation import Installation
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.processes import free_port, gunicorn, listens, process, wait_until
from tests.support import seller, stripe_events

#: The legal lines with which receipts are issued.
SELLER = seller.WITH_VAT
#: Orders paid per second while the delay of a message is measured.
PER_SECOND = 10
#: Seconds after which a step fails.
_TIMEOUT = 3_600
_LIVE_EVENTS = "SELECT stripe_event_id FROM webhook_events ORDER BY stripe_event_id DESC LIMIT %s"
_ORDER_NUMBERS = """
    SELECT p.stripe_payment_intent_id, o.order_number
    FROM payments p JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
"""
_PENDING = "SELECT EXISTS (SELECT FROM outbox_messages WHERE status = 'pending')"
_UNPROCESSED = "SELECT EXISTS (SELECT FROM webhook_events WHERE status = 'received')"
_PAID_MESSAGES = """
    SELECT m.id, p.stripe_payment_intent_id
    FROM outbox_messages m JOIN payments p ON p.tenant_id = m.tenant_id AND p.order_id = m.order_id
    WHERE m.kind = 'order_confirmation' AND m.status = 'sent'
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Messages per second, seconds from payment to acceptance, and megabytes of the worker."""

    messages: int
    rate: float
    paid: int
    p50: float
    p99: float
    connections: int
    processor_ms: float
    memory_before: float
    memory_settled: float
    memory_after: float

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages with receipts: {self.rate:.1f} per second, "
            f"{self.processor_ms:.1f} ms of the worker's processor time each, {self.connections} connections; "
            f"{self.paid} sales at {PER_SECOND} per second: accepted after {self.p50:.2f} s (p50), "
            f"{self.p99:.2f} s (p99); "
            f"worker {self.memory_before:.0f} MB idle, {self.memory_settled:.0f} MB after settling, "
            f"{self.memory_after:.0f} MB after all messages"
        )


def measure(setup: Installation, *, backlog: int, seconds: int, scratch: Path) -> Measured:
    """Let one worker settle the orders and send their messages; then pay further orders at a steady rate."""
    paid = seconds * PER_SECOND
    accepted = scratch / "accepted"
    with setup.server.copied(installation.WITH_FULL_INBOX) as database, ExitStack() as running:
        connection = running.enter_context(setup.server.connect(database))
        live = _withhold(connection, paid)
        environment = setup.environment(database) | mail_server(running, accepted, scratch)
        pid = running.enter_context(
            process(["flask", "--app", "wsgi", "worker"], environment, scratch / "worker.log")
        )
        _wait(connection, "SELECT count(*) > 0 FROM procrastinate_workers", "the worker to listen")
        before = _memory(pid)
        connection.execute("SELECT lumira_enqueue_job('process_events', %s)", (setup.brand.id,))
        _wait(connection, f"SELECT NOT ({_UNPROCESSED})", "the orders to be settled")
        settled = _memory(pid)
        # From here on settling enqueues the job of its messages, as in production.
        connection.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'relay_outbox'")
        started, processor = time.time(), _processor_seconds(pid)
        connection.execute("SELECT lumira_enqueue_job('relay_outbox', %s)", (setup.brand.id,))
        _wait(connection, f"SELECT NOT ({_PENDING})", "the messages to be sent")
        duration, processor = time.time() - started, _processor_seconds(pid) - processor
        _check(accepted, backlog)
        paid_at = _pay(setup, environment, live, scratch)
        _wait(connection, f"SELECT NOT ({_UNPROCESSED}) AND NOT ({_PENDING})", "the last messages to be sent")
        delays = _delays(connection, accepted, paid_at)
        after = _memory(pid)
    if len(delays) != paid:
        raise RuntimeError(f"{paid} orders were paid, but {len(delays)} messages were accepted.")
    return Measured(
        messages=backlog,
        rate=backlog / duration,
        paid=paid,
        p50=_percentile(delays, 0.5),
        p99=_percentile(delays, 0.99),
        connections=len({line.split()[3] for line in accepted.read_text().splitlines()}),
        processor_ms=processor / backlog * 1_000,
        memory_before=before,
        memory_settled=settled,
        memory_after=after,
    )


def mail_server(running: ExitStack, accepted: Path, scratch: Path) -> dict[str, str]:
    """Start the mail server; return the settings with which it is used."""
    port = free_port()
    arguments = ["tests.benchmarks.mail_server", str(port), str(accepted)]
    running.enter_context(process(arguments, {}, scratch / "mail.log"))
    wait_until(lambda: listens(port), within=60, what="the mail server")
    return {
        "SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=never",
        "MAIL_FROM": "Lumira <no-reply@lumira.example>",
        "PUBLIC_URL": "https://pay.lumira.example",
    }


def _withhold(connection: psycopg.Connection[Any], number: int) -> list[Paid]:
    """Remove the last events from the inbox, to deliver them later; return them."""
    events = [event_id for (event_id,) in connection.execute(_LIVE_EVENTS, (number,)).fetchall()]
    numbers = dict(connection.execute(_ORDER_NUMBERS).fetchall())
    connection.execute("DELETE FROM webhook_events WHERE stripe_event_id = ANY(%s)", (events,))
    return [
        Paid(event_id, intent_id, numbers[intent_id])
        for event_id, intent_id in ((event_id, f"pi_{event_id.removeprefix('evt_')}") for event_id in events)
    ]


def _pay(
    setup: Installation, environment: dict[str, str], live: list[Paid], scratch: Path
) -> dict[str, float]:
    """Deliver the events at a steady rate; return when each payment was made, by its id."""
    paid_at: dict[str, float] = {}
    with gunicorn("wsgi:app", environment, scratch / "web.log") as address:
        web = http.client.HTTPConnection(address)
        started = time.time()
        for number, paid in enumerate(live):
            time.sleep(max(0.0, started + number / PER_SECOND - time.time()))
            body = encode(paid)
            signature = stripe_events.signature(body, setup.brand.webhook_secret)
            paid_at[paid.payment_intent_id] = time.time()
            web.request(
                "POST",
                f"/api/webhooks/stripe/{setup.brand.slug}",
                body,
                {"Stripe-Signature": signature, "Content-Type": "application/json"},
            )
            reply = web.getresponse()
            if (reply.status, bool(reply.read())) != (200, True):
                raise RuntimeError(f"An event was answered with {reply.status}: see the logs in {scratch}.")
        web.close()
    return paid_at


def _delays(connection: psycopg.Connection[Any], accepted: Path, paid_at: dict[str, float]) -> list[float]:
    intents: dict[str, str] = {
        str(message_id): intent for message_id, intent in connection.execute(_PAID_MESSAGES)
    }
    delays = []
    for line in accepted.read_text().splitlines():
        at, message_id, *_ = line.split()
        intent_id = intents.get(str(UUID(message_id)))
        if intent_id in paid_at:
            delays.append(float(at) - paid_at[intent_id])
    return delays


def _check(accepted: Path, expected: int) -> None:
    """Check that every message was accepted once, with its receipt."""
    lines = [line.split() for line in accepted.read_text().splitlines()]
    if len(lines) != expected or len({message_id for _, message_id, *_ in lines}) != expected:
        raise RuntimeError(f"{expected} messages were sent, but {len(lines)} were accepted.")
    if min(int(size) for _, _, size, _ in lines) < 20_000:
        raise RuntimeError("A message has no receipt.")


def _wait(connection: psycopg.Connection[Any], query: str, what: str) -> None:
    wait_until(lambda: bool(connection.execute(query).fetchall()[0][0]), within=_TIMEOUT, what=what)


def _memory(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("The process has no memory.")


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process, without that of its rendering processes."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
