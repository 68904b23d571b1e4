"""A host that an operator names leads to public addresses only, also through a translator of addresses."""

import pytest

from lumira.clients import public_addresses


@pytest.fixture(autouse=True)
def production() -> None:
    public_addresses.configure(is_development=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "240.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is refused
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fe80::1%lo",
        "fec0::2",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_refused(address) -> None:
    with pytest.raises(public_addresses.PrivateAddress):
        public_addresses.address_of(address, 443)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_a_public_address_is_returned_as_it_was_looked_up(address) -> None:
    assert public_addresses.address_of(address, 443) == address
