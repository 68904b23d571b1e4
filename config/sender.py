"""The mail server and the sender of e-mails."""

from collections.abc import Mapping
from email.errors import HeaderParseError
from email.policy import SMTP

from config.errors import SettingsError
from config.smtp_server import SmtpServer

DEFAULT_SENDER = "Lumira <no-reply@localhost>"


def smtp_server(values: Mapping[str, str]) -> SmtpServer | None:
    """Return the server of SMTP_URL, or `None`; raise `SettingsError`, without its password, if it is invalid."""
    if "SMTP_URL" not in values:
        return None
    if "MAIL_FROM" not in values:
        raise SettingsError("SMTP_URL needs MAIL_FROM: the sender of the e-mails.")
    try:
        return SmtpServer.from_url(values["SMTP_URL"])
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
