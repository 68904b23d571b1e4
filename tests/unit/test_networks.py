"""One caller is one network, however a proxy writes the address."""

import pytest

from lumira.networks import network_of


@pytest.mark.parametrize(
    "written",
    [
        "203.0.113.9",
        "203.0.113.9:49152",
        "203.0.113.9:50001",
        " 203.0.113.9 ",
        "::ffff:203.0.113.9",
        "[::ffff:203.0.113.9]:443",
        "::ffff:0:203.0.113.9",
        "64:ff9b::203.0.113.9",
        "2002:cb00:7109::1",
        "2002:cb00:7109:ffff::1",
    ],
)
def test_a_host_counts_as_its_ipv4_address_however_it_is_written(written: str) -> None:
    assert network_of(written) == "203.0.113.9"


def test_a_tunnelled_host_counts_as_its_own_ipv4_address() -> None:
    # RFC 4380: the client's address is written with its bits inverted, after the server's and the port.
    assert network_of("2001:0:4136:e378:8000:63bf:3fff:fdd2") == "192.0.2.45"


@pytest.mark.parametrize(
    "written",
    [
        "2001:db8:1:2::1",
        "2001:DB8:1:2:ffff::9",
        "[2001:db8:1:2::1]",
        "[2001:db8:1:2::1]:443",
        "2001:db8:1:2::1%eth0",
    ],
)
def test_an_ipv6_host_counts_as_its_64_bit_network(written: str) -> None:
    assert network_of(written) == "2001:db8:1:2::/64"


@pytest.mark.parametrize(
    "written", ["", "unknown", "_hidden", "203.0.113.9:port", "[2001:db8::1", "/run/lumira.sock"]
)
def test_what_is_no_address_counts_together(written: str) -> None:
    assert network_of(written) == ""
