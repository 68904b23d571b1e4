"""An address that becomes a header is one mailbox, or none."""

import pytest

from lumira.notifications.addresses import Undeliverable, mailbox, sender_mailbox


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("buyer@example.com", "buyer@example.com"),
        ("Buyer.Name+tag@Example.com", "Buyer.Name+tag@example.com"),
        ("buyer@bücher.example", "buyer@xn--bcher-kva.example"),
        ("élodie@example.com", "élodie@example.com"),
    ],
)
def test_a_mailbox_is_normalised(address, written):
    assert mailbox(address).addr_spec == written


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b@c.example",
        "a@example.com\nBcc: b@example.com",
        "a@example.com,b@example.com",
        "g: a@b.example;",
        # Words that a mail program would decode, and with them a line break or a second mailbox.
        "=?utf-8?q?x=0d=0abcc=3aevil=40b.example?=@example.com",
        "=?l1?b?eA0KQmNjOg==?=@example.com",
        "a=?utf-8?q?=2c?=@example.com",
    ],
)
def test_an_invalid_mailbox_is_undeliverable(address):
    with pytest.raises(Undeliverable):
        mailbox(address)


@pytest.mark.parametrize(
    "name", ["a\nb", "a\rb", "a\x00b", "a\u2028b", "a\ud800b", "=?utf-8?q?x=0d=0aBcc=3ae=40b.example?="]
)
def test_a_name_that_would_break_its_header_is_undeliverable(name):
    with pytest.raises(Undeliverable):
        sender_mailbox("no-reply@example.com", name)


def test_a_display_name_is_quoted():
    assert (
        str(sender_mailbox("no-reply@example.com", 'Rose, "Thé"'))
        == '"Rose, \\"Thé\\"" <no-reply@example.com>'
    )
