"""Which side's value of a customer counts: every case of one field, and what Dolibarr makes of a text."""

import itertools

import pytest

from lumira.domain.crm.contact import Verdict, compare, from_dolibarr, is_same, is_usable, to_dolibarr
from lumira.models import ConflictReason, ContactField

PHONE, EMAIL, NAME = ContactField.PHONE, ContactField.EMAIL, ContactField.NAME


def verdict(field, agreed, ours, theirs, *, is_new=False):
    [found] = [
        each
        for each in compare(
            agreed=None if is_new else {field: agreed}, ours={field: ours}, theirs={field: theirs}
        )
        if each.field is field
    ]
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("agreed", "ours", "theirs", "expected"),
    [
        ("1", "1", "1", Verdict.SAME),
        ("1", "2", "2", Verdict.SAME),
        (None, "2", "2", Verdict.SAME),
        ("1", "2", "1", Verdict.SEND),
        (None, "2", None, Verdict.SEND),
        ("1", None, "1", Verdict.SEND),
        ("1", "1", "2", Verdict.TAKE),
        (None, None, "2", Verdict.TAKE),
        ("1", "1", None, Verdict.TAKE),
        ("1", "2", "3", Verdict.ASK),
        ("1", None, "3", Verdict.ASK),
        ("1", "2", None, Verdict.ASK),
        (None, "2", "3", Verdict.ASK),
    ],
)
def test_only_what_one_side_changed_replaces_the_other(agreed, ours, theirs, expected) -> None:
    assert verdict(PHONE, agreed, ours, theirs)[0] is expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("1", "1", Verdict.SAME),
        ("1", None, Verdict.SEND),
        (None, "1", Verdict.TAKE),
        ("1", "2", Verdict.ASK),
    ],
)
def test_sides_that_never_agreed_complete_each_other(ours, theirs, expected) -> None:
    assert verdict(PHONE, None, ours, theirs, is_new=True)[0] is expected


def test_no_value_is_ever_replaced_by_one_that_was_not_seen() -> None:
    values = (None, "1", "2", "3")
    for agreed, ours, theirs in itertools.product(values, repeat=3):
        found, _ = verdict(PHONE, agreed, ours, theirs)
        if found is Verdict.TAKE:
            assert ours == agreed
        if found is Verdict.SEND:
            assert theirs == agreed


def test_another_e_mail_address_is_for_an_operator() -> None:
    changed = verdict(EMAIL, "a@example.com", "a@example.com", "b@example.com")
    assert changed == (Verdict.ASK, ConflictReason.EMAIL_CHANGED)
    both = verdict(EMAIL, "a@example.com", "c@example.com", "b@example.com")
    assert both == (Verdict.ASK, ConflictReason.BOTH_CHANGED)
    removed = verdict(EMAIL, "a@example.com", "a@example.com", None)
    assert removed == (Verdict.ASK, ConflictReason.INVALID)


@pytest.mark.parametrize("theirs", ["A@EXAMPLE.com", " a@example.com "])
def test_one_mailbox_is_one_address(theirs) -> None:
    assert verdict(EMAIL, "a@example.com", "a@example.com", theirs)[0] is Verdict.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<b>Ada</b> "Countess" Lovelace', "Ada Countess Lovelace"),
        ("Ada  Lovelace", "Ada Lovelace"),
        ("é" * 200, "é" * 128),
        (None, ""),
        ("  ", None),
    ],
)
def test_what_dolibarr_drops_or_cuts_is_no_change(one, other) -> None:
    assert is_same(NAME, one, other)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (NAME, None),
        (NAME, "Ada\nBcc: x@example.com"),
        (NAME, "x" * 201),
        (NAME, "a\x00b"),
        (EMAIL, None),
        (EMAIL, "no address"),
        (EMAIL, "=?utf-8?q?a?=@example.com"),
        (PHONE, "1\r\n2"),
        (ContactField.COUNTRY, "FRA"),
        (ContactField.COUNTRY, "fr"),
        (ContactField.CITY, "x" * 51),
    ],
)
def test_what_no_customer_can_have_is_not_usable(field, value) -> None:
    assert not is_usable(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (NAME, "愛田 愛"),
        (EMAIL, "zoë@bücher.example"),
        (PHONE, None),
        (ContactField.ADDRESS, "1 rue X\nEscalier B"),
        (ContactField.COUNTRY, "FR"),
    ],
)
def test_what_a_customer_can_have_is_usable(field, value) -> None:
    assert is_usable(field, value)


def test_values_are_named_as_dolibarr_names_them() -> None:
    theirs = {
        "name": " Ada ",
        "zip": "75002",
        "town": "Paris",
        "country_code": "fr",
        "address": "a\r\nb",
        "email": "",
    }
    values = from_dolibarr(theirs)

    assert values[ContactField.POSTAL_CODE] == "75002"
    assert values[ContactField.COUNTRY] == "FR"
    assert values[ContactField.ADDRESS] == "a\nb"
    assert values[EMAIL] is None
    assert from_dolibarr(to_dolibarr(values)) == values
