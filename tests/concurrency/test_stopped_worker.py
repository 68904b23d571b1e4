"""A worker that is stopped records what it does, begins nothing, and leaves nothing reserved for itself."""

import signal

from sqlalchemy import create_engine, text

from lumira.models import MessageStatus, OutboxMessage
from lumira.notifications.relay import AT_A_TIME
from lumira.webhooks.process import process_events
from tests.support.factories import count
from tests.support.mail_server import Mailbox, running
from tests.support.workers import Installation, eventually

#: More messages than a worker sends at a time.
MESSAGES = AT_A_TIME + 4


def rows(installation: Installation, query: str) -> int:
    """The number that a query returns, as the owner of the tables sees them."""
    engine = create_engine(installation.settings.database_url)
    with engine.connect() as connection:
        number: int = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return number


def test_a_stopped_worker_records_the_e_mails_that_it_sends_and_leaves_the_others_due_at_once(
    installation: Installation,
) -> None:
    for _ in range(MESSAGES):
        installation.pay()
    process_events(installation.brand.id)
    assert count(installation.brand, OutboxMessage, status=MessageStatus.PENDING) == MESSAGES

    mailbox = Mailbox()
    mailbox.pause = 5.0
    with running(mailbox) as port:
        worker = installation.start_worker(
            SMTP_URL=f"smtp://127.0.0.1:{port}?starttls=never", MAIL_FROM="no-reply@lumira.example"
        )
        # The recipient of each message that is being sent; none is accepted yet.
        eventually(lambda: len(mailbox.recipients) > 0, within=120)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=120) == 0

    sent = len(mailbox.received)
    assert 0 < sent <= AT_A_TIME
    assert count(installation.brand, OutboxMessage, status=MessageStatus.SENT) == sent
    due = "SELECT count(*) FROM outbox_messages WHERE status = 'pending' AND attempts = 0 AND next_attempt_at <= now()"
    assert rows(installation, due) == MESSAGES - sent
    assert rows(installation, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == 0


def test_another_worker_sends_what_a_stopped_one_left(installation: Installation) -> None:
    worker = installation.start_worker()
    number = installation.pay()
    eventually(lambda: installation.is_fulfilled(number), within=120)
    worker.send_signal(signal.SIGTERM)
    left = installation.pay()
    assert worker.wait(timeout=120) == 0

    installation.start_worker()
    eventually(lambda: installation.is_fulfilled(left), within=120)
