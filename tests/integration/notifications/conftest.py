"""A real mail server for messages."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.settings import Settings
from config.smtp_server import SmtpServer
from lumira.notifications import delivery
from tests.support import mail_server
from tests.support.mail_server import Mailbox


@pytest.fixture
def mailbox(settings: Settings, app_context: None) -> Iterator[Mailbox]:
    """The mailbox of a mail server that every message is sent to."""
    mailbox = Mailbox()
    with mail_server.running(mailbox) as port:
        server = SmtpServer.from_url(f"smtp://127.0.0.1:{port}?starttls=never")
        delivery.configure(replace(settings, smtp=server, mail_from="Lumira <no-reply@lumira.example>"))
        yield mailbox
    delivery.configure(settings)
