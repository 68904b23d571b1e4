"""Amounts are read and written as people write them."""

import pytest

from lumira.money import format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "currency", "minor_units"),
    [
        ("10", "eur", 1000),
        ("10,00", "eur", 1000),
        ("10.00", "eur", 1000),
        ("10.00 EUR", "eur", 1000),
        (" 10,00\u00a0eur ", "eur", 1000),
        ("0.05", "eur", 5),
        ("1000", "jpy", 1000),
        ("1.500", "kwd", 1500),
        ("2", "kwd", 2000),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, currency: str, minor_units: int) -> None:
    assert parse_amount(text, currency) == minor_units
    assert parse_amount(format_amount(minor_units, currency), currency) == minor_units


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1,000", "eur"),
        ("1.000,00", "eur"),
        ("1 000", "eur"),
        ("7.5", "eur"),
        ("10.0", "jpy"),
        ("1.00", "kwd"),
        ("10 USD", "eur"),
        ("-10", "eur"),
        ("+10", "eur"),
        ("10.", "eur"),
        (".50", "eur"),
        ("1e3", "eur"),
        ("\u0661\u0660", "eur"),
        ("ten", "eur"),
        ("", "eur"),
    ],
)
def test_an_ambiguous_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        parse_amount(text, currency)
