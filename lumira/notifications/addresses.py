"""Who a message goes to, checked once more before it becomes a header."""

import unicodedata
from email.headerregistry import Address

from email_validator import EmailNotValidError, validate_email

from lumira.confusables import contains_encoded_word


class Undeliverable(Exception):
    """A message that can never arrive, however often it is tried: its address is none, or is refused for good."""


def mailbox(address: str) -> Address:
    """One mailbox: no list, no group, no line break; `Undeliverable` if it is none.

    The domain is written as name servers know it, so that only a local part may hold letters beyond ASCII.
    """
    if contains_encoded_word(address):
        raise Undeliverable("Not an e-mail address: it would be decoded into something else.")
    try:
        # What is no address today stays none; whether its server exists is the mail server's to find out.
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Undeliverable(f"Not an e-mail address: {error}") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)


def named(address: str, name: str) -> Address:
    """A mailbox of the house under a brand's name; `Undeliverable` if the name would break its header."""
    if contains_encoded_word(name):
        raise Undeliverable("The name in an address would be decoded into something else.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise Undeliverable("The name in an address holds a control character or a line break.")
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
