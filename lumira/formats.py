"""Formats of identifiers that several layers recognise: UUIDs, order numbers, slugs, host names, no-reply addresses."""

import re
import secrets
from uuid import UUID

#: A UUID in its canonical form, lower case (RFC 9562, section 4).
UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: First part of a tenant's order numbers.
ORDER_PREFIX = r"[A-Z0-9]{2,8}"
#: Crockford's base 32 without I, L, O and U, so that a number can be read out on the telephone.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_CHARACTERS = 10
ORDER_NUMBER_PATTERN = re.compile(rf"{ORDER_PREFIX}-[{_CROCKFORD}]{{{_RANDOM_CHARACTERS}}}")

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#: The id of a product, and the keys of its contents and deliverables.
CATALOG_NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
#: A tenant's slug: one label of a host name.
SLUG_PATTERN = re.compile(_LABEL)
#: A host name in lower case, without a port or a trailing dot (RFC 1123, section 2.1).
HOST_NAME_PATTERN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")

#: Last labels that no public DNS has (RFC 2606, 6762, 8375 and 9476, and ICANN's for private use).
_NOT_PUBLIC = ("localhost", "local", "invalid", "test", "internal", "home", "lan", "onion", "alt", "arpa")

#: The local part of an address that is not read, as people name them in English and French.
_NO_REPLY = re.compile(r"(no|do[-_.]?not)[-_.]?reply|ne[-_.]?pas[-_.]?repondre", re.IGNORECASE)


def is_no_reply(address: str) -> bool:
    """Whether an e-mail address is named as one that is not read, such as `no-reply@example.com`."""
    return _NO_REPLY.match(address) is not None


def last_line(trace: str | None, longest: int) -> str:
    """Return the last line of a traceback, which says what the error is, up to a number of characters."""
    lines = (trace or "").strip().splitlines()
    return lines[-1][:longest] if lines else ""


def is_public_host(host: str) -> bool:
    """Whether a host name can be opened from elsewhere: no IP address, and none that leads to this machine only."""
    *_, top = labels = host.split(".")
    # A name whose last label begins with a digit is an IPv4 address to browsers, also as 0x7f.1.
    return len(labels) > 1 and not top[:1].isdigit() and top not in _NOT_PUBLIC


def are_related_hosts(one: str, other: str) -> bool:
    """Whether two host names are the same, or one is below the other, as `www.example.com` is below `example.com`."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID that a text writes in canonical form, in either case; `None` for any other text."""
    return UUID(text) if UUID_PATTERN.fullmatch(text.lower()) else None


def new_order_number(prefix: str) -> str:
    """Return a new order number: the tenant's prefix and 50 random bits, which cannot be guessed or counted."""
    return f"{prefix}-{''.join(secrets.choice(_CROCKFORD) for _ in range(_RANDOM_CHARACTERS))}"


_SIREN_DIGITS = 9


def is_siren(text: str) -> bool:
    """Whether a text is a SIREN: nine digits whose check digit is right (ISO/IEC 7812-1)."""
    if len(text) != _SIREN_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(text))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004 - decimal digits
