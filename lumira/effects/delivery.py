"""How a composed message leaves this installation."""

from email.message import EmailMessage
from pathlib import Path

from config.settings import Settings
from lumira.clients import mail

_configured: list[Settings] = []


def configure(settings: Settings) -> None:
    """Deliver as these settings say, from now on."""
    _configured[:] = [settings]


def sender() -> str:
    """The address that messages come from."""
    return _configured[0].mail_from


def outbox_directory() -> Path:
    """Where messages are kept."""
    return _configured[0].instance_path / "outbox"


def deliver(message: EmailMessage, *, name: str) -> None:
    """Send one message; raises whatever kept it from being sent."""
    mail.keep(message, outbox_directory(), name)
