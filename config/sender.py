"""The mail server and the sender of e-mails."""

from collections.abc import Mapping
from email.errors import HeaderParseError
from email.policy import SMTP

from config.errors import SettingsError
from config.smtp_server import SmtpServer

DEFAULT_SENDER = "Lumira <no-reply@localhost>"


#: The value of SMTP_URL with which messages are files: stated on purpose, because no buyer receives any.
FILES = "files"


def smtp_server(values: Mapping[str, str], *, is_required: bool) -> SmtpServer | None:
    """Return the server of SMTP_URL; `None` if messages are written to files.

    Raise `SettingsError`, without the password, if it is invalid, or missing although it `is_required`.
    """
    url = values.get("SMTP_URL")
    if url is None and is_required:
        raise SettingsError(
            "SMTP_URL is missing in production: set the mail server, such as smtp://user:password@host:587, or "
            "SMTP_URL=files to write messages to LUMIRA_INSTANCE/outbox, where no buyer gets them."
        )
    if url is None or url == FILES:
        return None
    if "MAIL_FROM" not in values:
        raise SettingsError("SMTP_URL needs MAIL_FROM: the sender of the e-mails.")
    try:
        return SmtpServer.from_url(url)
    except ValueError as error:
        # The message repeats no part of the URL: a mistyped URL may contain the password anywhere.
        raise SettingsError(f"SMTP_URL {error}.") from None


def mail_from(values: Mapping[str, str]) -> str:
    """Return MAIL_FROM; raise `SettingsError` unless it is a single address with a domain."""
    sender = values.get("MAIL_FROM", DEFAULT_SENDER)
    try:
        header = SMTP.header_factory("From", sender if sender.isprintable() else "")
    except (IndexError, HeaderParseError):
        # Python's parser raises these for an address that ends too early.
        header = SMTP.header_factory("From", "")
    # One mailbox without a defect, neither a list nor a group, and with a domain, which signs the message ids.
    if header.defects or len(header.addresses) != 1 or header.groups[0].display_name is not None:
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    [address] = header.addresses
    if not (address.username and address.domain and address.addr_spec.isascii()):
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    return sender
