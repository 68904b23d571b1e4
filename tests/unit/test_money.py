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
        ("1.500 KWD", "kwd", 1500),
        ("0,500", "kwd", 500),
        ("1500,500", "kwd", 1500500),
        ("2", "kwd", 2000),
        ("1.000,00", "eur", 100000),
        ("1,000.00", "eur", 100000),
        ("1 000,00", "eur", 100000),
        ("1\u202f000,00\u00a0EUR", "eur", 100000),
        ("1\u2019000.00", "eur", 100000),
        ("1 000", "eur", 100000),
        ("1.000.000", "eur", 100000000),
        ("12,345,678.90 EUR", "eur", 1234567890),
        ("1.000,000", "kwd", 1000000),
        ("1,000", "jpy", 1000),
        ("1.000 JPY", "jpy", 1000),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, currency: str, minor_units: int) -> None:
    assert parse_amount(text, currency) == minor_units
    assert parse_amount(format_amount(minor_units, currency), currency) == minor_units


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.000.00", "eur"),
        ("1 00,00", "eur"),
        ("1.000 000", "eur"),
        ("1,0000", "eur"),
        ("0,500", "eur"),
        ("1000.000", "eur"),
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
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    ("text", "currency", "advice"),
    [
        ("1,000", "eur", "write 1.00 EUR or 1000.00 EUR"),
        ("1.000", "eur", "write 1.00 EUR or 1000.00 EUR"),
        ("12,000 EUR", "eur", "write 12.00 EUR or 12000.00 EUR"),
        ("12,345", "eur", "write 12345.00 EUR"),
        ("1,000", "kwd", "write 1.000 KWD or 1000.000 KWD"),
        ("1.500", "kwd", "write 1.500 KWD or 1500.000 KWD"),
        ("1,500 KWD", "kwd", "write 1.500 KWD or 1500.000 KWD"),
    ],
)
def test_an_amount_that_can_be_read_in_two_ways_is_refused_with_both(
    text: str, currency: str, advice: str
) -> None:
    with pytest.raises(ValueError, match="can be read in two ways") as refused:
        parse_amount(text, currency)
    assert advice in str(refused.value)
    for written in advice.removeprefix("write ").split(" or "):
        parse_amount(written, currency)
