"""The network of an IP address: what counts as one caller where addresses are counted."""

import ipaddress
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

#: A provider assigns one customer a /64 of IPv6 addresses, so the whole network counts as one address.
_IPV6_PREFIX_LENGTH = 64
#: An IPv4 address with a port, as some load balancers write it into `X-Forwarded-For`.
_IPV4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]*")
#: An IPv6 address in brackets, with or without a port.
_IN_BRACKETS = re.compile(r"\[([^\]]*)\](?::[0-9]*)?")
#: IPv6 addresses that carry an IPv4 address in their last 32 bits: NAT64 (RFC 6052), and IPv4-translated (RFC 2765).
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::ffff:0:0:0/96"))


@lru_cache(maxsize=4_096)
def network_of(address: str) -> str:
    """The network of an address: the IPv4 address itself, or the /64 of an IPv6 address.

    A port and a zone are ignored, and an IPv4 address inside an IPv6 address counts as itself: one caller must not
    be counted as many, nor all callers behind a translator as one. An empty text for what is no IP address, such
    as a Unix socket: all its requests count together.
    """
    parsed = _parse(address.strip())
    if parsed is None:
        return ""
    if isinstance(parsed, IPv6Address):
        embedded = _embedded_ipv4(parsed)
        if embedded is None:
            return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX_LENGTH), strict=False))
        parsed = embedded
    return str(parsed)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    written = _IPV4_WITH_PORT.fullmatch(address) or _IN_BRACKETS.fullmatch(address)
    bare = (written[1] if written else address).partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address of the host that a mapped, translated, 6to4 or Teredo address stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.teredo[1] if address.teredo is not None else address.sixtofour
