"""The form that all messages share."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr

from lumira.effects import delivery
from lumira.models import OutboxMessage, Tenant


def house_address() -> str:
    """The address that messages come from, without a name."""
    return parseaddr(delivery.sender())[1]


def compose(tenant: Tenant, message: OutboxMessage, *, to: str, subject: str, text: str) -> EmailMessage:
    """A message whose identity is that of its row: sent again after a crash, it is the same message."""
    address = house_address()
    letter = EmailMessage()
    letter["From"] = formataddr((tenant.name, address))
    letter["To"] = to
    letter["Subject"] = subject
    letter["Date"] = format_datetime(message.created_at)
    letter["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter
