"""Addresses of hosts that operators name: what is connected to is public, and is what was looked up."""

import ipaddress
import socket

_allows_private: list[bool] = []


class NoAddress(Exception):
    """The name has no address."""


class PrivateAddress(Exception):
    """The name has an address that is not public: this machine, or a private network."""


def configure(*, is_development: bool) -> None:
    """In development, this machine and private networks are allowed."""
    _allows_private[:] = [is_development]


def allows_private() -> bool:
    """Whether this is a development installation."""
    return _allows_private[0]


def address_of(host: str, port: int) -> str:
    """Return an address of the host. Raises `NoAddress`, and `PrivateAddress` if one of its addresses is not public.

    Connect to this address: a second lookup of the name could find another one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAddress from None
    addresses = [str(each[4][0]) for each in found]
    if not allows_private() and not all(_is_public(address) for address in addresses):
        raise PrivateAddress
    return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    embedded = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (embedded is None or embedded.is_global)
