"""One mailbox has one key, however its domain is written, and two mailboxes have two."""

import pytest

from lumira.models import email_key

IDNA = "claire@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "typed",
    [
        IDNA,
        " Claire@XN--BCHER-KVA.example ",
        "claire@bücher.example",
        "claire@BÜCHER.Example",
        "claire@bu\u0308cher.example",
        "claire@bücher\u3002example",
        "claire@xn--bcher-kva\u3002example",
    ],
)
def test_a_domain_in_unicode_and_in_ascii_is_one_mailbox(typed: str) -> None:
    assert email_key(typed) == IDNA


def test_a_sharp_s_is_not_a_double_s() -> None:
    assert email_key("a@straße.example") == email_key("a@xn--strae-oqa.example")
    assert email_key("a@straße.example") != email_key("a@strasse.example")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ana@Example.COM", "ana@example.com"),
        ("ZÉLIE@example.com", "zélie@example.com"),
        ("a@xn--.example", "a@xn--.example"),
        ("a@-ü.example", "a@-ü.example"),
        ("a@", "a@"),
        ("LUM-1", "lum-1"),
        ("", ""),
    ],
)
def test_every_text_has_a_key_that_is_its_own_key(typed: str, key: str) -> None:
    assert email_key(typed) == key
    assert email_key(key) == key
