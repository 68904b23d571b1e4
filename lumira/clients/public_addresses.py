"""Addresses of hosts that operators name: what is connected to is public, and is what was looked up."""

import ipaddress
import socket

_allows_private: list[bool] = []

#: The only IPv6 addresses that are assigned for global use, and the part of them that is for documentation.
_GLOBAL_UNICAST, _DOCUMENTATION = ipaddress.IPv6Network("2000::/3"), ipaddress.IPv6Network("3fff::/20")
#: A translator connects to the IPv4 address in the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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


def address_of(host: str, port: int, *, allow_private: bool = False) -> str:
    """Return an address of the host. Raises `NoAddress`, and `PrivateAddress` if one of its addresses is not public.

    `allow_private` is for hosts that the installation names, and not for what a tenant enters.
    Connect to this address: a second lookup of the name could find another one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAddress from None
    addresses = [str(each[4][0]) for each in found]
    if not allow_private and not allows_private() and not all(_is_public(address) for address in addresses):
        raise PrivateAddress
    return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = _ipv4_in(parsed)
        if embedded is None:
            is_assigned = parsed in _GLOBAL_UNICAST and parsed not in _DOCUMENTATION
            return is_assigned and parsed.is_global and not parsed.is_multicast
        parsed = embedded
    return parsed.is_global and not parsed.is_multicast


def _ipv4_in(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which an IPv6 address leads; `None` if it leads to none."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
