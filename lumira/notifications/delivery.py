"""Delivery of a finished e-mail: by SMTP, or as a file where no server is configured."""

from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from config.settings import Settings
from lumira.clients import mail, smtp
from lumira.notifications.addresses import Undeliverable

#: A domain of examples (RFC 2606) whose addresses are refused where messages are files, as a mail server refuses an
#: unknown mailbox: so development shows what follows.
REFUSING_DOMAIN = "refused.example"

_configured: list[Settings] = []


def configure(settings: Settings) -> None:
    """Use these settings for every delivery of this process."""
    _configured[:] = [settings]


def sender_address() -> str:
    """Return the sender's address, without a display name."""
    return parseaddr(_configured[0].mail_from)[1]


def sends_emails() -> bool:
    """Whether messages are sent to a mail server, not written to files."""
    return _configured[0].smtp is not None


def outbox_directory() -> Path:
    """Return the folder in which messages are stored where no mail server is configured."""
    return _configured[0].instance_path / "outbox"


def deliver(message: EmailMessage, *, name: str) -> None:
    """Send one message, or store it as `name`.eml.

    Raises `Undeliverable` for a permanent failure; any other exception may be temporary.
    """
    server = _configured[0].smtp
    [recipient] = message["To"].addresses
    if server is None:
        if recipient.domain.lower() == REFUSING_DOMAIN:
            raise Undeliverable("550 5.1.1 No such mailbox.")
        mail.save_message(message, outbox_directory(), name)
        return
    try:
        smtp.send(server, message, sender=sender_address(), recipient=recipient.addr_spec)
    except smtp.RecipientRefused as error:
        raise Undeliverable(str(error)) from error
