"""E-mail addresses of recipients and senders, validated before they become headers."""

import unicodedata
from email.headerregistry import Address

from email_validator import EmailNotValidError, validate_email

from lumira.confusables import contains_encoded_word


class Undeliverable(Exception):
    """A message that can never be delivered: its address is invalid or permanently refused. Retrying is useless."""


def mailbox(address: str) -> Address:
    """Parse one mailbox: no list, no group, no line break. Raises `Undeliverable` if it is not a valid address.

    The domain is converted to its ASCII form, so that only the local part may contain non-ASCII characters.
    """
    if contains_encoded_word(address):
        raise Undeliverable("Not an e-mail address: it contains an encoded word.")
    try:
        # Whether the domain accepts mail is left to the mail server.
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Undeliverable(f"Not an e-mail address: {error}") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)


def sender_mailbox(address: str, name: str) -> Address:
    """Return the sender's mailbox with a brand's display name. Raises `Undeliverable` if the name breaks the header."""
    if contains_encoded_word(name):
        raise Undeliverable("The sender's name contains an encoded word.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise Undeliverable("The sender's name contains a control character or a line break.")
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
