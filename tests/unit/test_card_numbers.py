"""Card numbers are found and hidden; other numbers are left alone."""

import json

import pytest

from lumira.card_numbers import contains_card_number, contains_hidden_number, hide_card_numbers


@pytest.mark.parametrize(
    "number",
    [
        "4242424242424242",
        "4000 0566 5566 5556",
        "5555-5555-5555-4444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "3622 720627 1667",
        "3056-930902-5904",
        "3566002020360505",
        "6200000000000005",
        "4111111111111111110",
    ],
)
def test_a_card_number_is_found_and_hidden(number: str) -> None:
    assert contains_card_number(number)
    for text in (number, f"card {number}, thanks", f"({number})", f"n°{number}."):
        hidden = hide_card_numbers(text)
        assert number not in hidden
        assert len(hidden) == len(text)
        assert not contains_card_number(hidden)
        assert contains_hidden_number(hidden)


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",
        "+33 6 12 34 56 78",
        "4006381333931",
        "38012986646850",
        "380 129 866 46850",
        "380 129 866 00014",
        "30569309025904",
        "490154203237518",
        "1764313790123456",
        "42424242424242424242424242",
        "pi_4242424242424242",
        "4242424242424242-1",
        "0197f3a2-4242-4242-4242-424242424242",
        "4242424242424242.5",
        "FR7630006000011234567890189",
        "12, 14, 2026-11-28 07:09:50",
    ],
)
def test_another_number_is_left_alone(text: str) -> None:
    assert not contains_card_number(text)
    assert not contains_hidden_number(text)
    assert hide_card_numbers(text) == text


def test_json_with_a_hidden_number_is_still_json() -> None:
    text = json.dumps(
        {"as text": "4242 4242 4242 4242", "as a number": 4242424242424242, "created": 1764313790}
    )
    assert json.loads(hide_card_numbers(text)) == {
        "as text": "4000 0000 0000 0000",
        "as a number": 4000000000000000,
        "created": 1764313790,
    }
