"""How a composed message leaves this installation."""

from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from config.settings import Settings
from lumira.clients import mail, smtp
from lumira.notifications.addresses import Undeliverable

_configured: list[Settings] = []


def configure(settings: Settings) -> None:
    """Deliver as these settings say, from now on."""
    _configured[:] = [settings]


def sender_address() -> str:
    """The address that messages come from, without a name."""
    return parseaddr(_configured[0].mail_from)[1]


def outbox_directory() -> Path:
    """Where messages are kept if there is no server for them."""
    return _configured[0].instance_path / "outbox"


def deliver(message: EmailMessage, *, name: str) -> None:
    """Send one message; raises whatever kept it from being sent, `Undeliverable` if that will not change."""
    server = _configured[0].smtp
    if server is None:
        mail.keep(message, outbox_directory(), name)
        return
    [recipient] = message["To"].addresses
    try:
        smtp.send(server, message, sender=sender_address(), recipient=recipient.addr_spec)
    except smtp.RecipientRefused as error:
        raise Undeliverable(str(error)) from error
