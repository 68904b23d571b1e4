"""Field types: what each one accepts."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from lumira.schemas.fields import (
    CallerMetadata,
    Cursor,
    EmailAddress,
    Line,
    QueryInteger,
    StrictInteger,
    Timestamp,
    encode_cursor,
    has_control_characters,
)

NOT_INTEGERS = [True, False, 1.0, "1", "", None, [1], {}, float("nan")]


@pytest.mark.parametrize("value", NOT_INTEGERS)
def test_a_strict_integer_refuses_what_only_looks_like_one(value: Any) -> None:
    with pytest.raises(ValidationError):
        StrictInteger().deserialize(value)


@given(st.integers())
def test_a_strict_integer_accepts_every_integer(value: int) -> None:
    assert StrictInteger().deserialize(value) == value


@pytest.mark.parametrize("value", ["", "+1", "-1", " 1", "1 ", "1_0", "1.0", "٣", "0x1", "1" * 10, 1, None])
def test_a_query_integer_accepts_digits_only(value: Any) -> None:
    with pytest.raises(ValidationError):
        QueryInteger().deserialize(value)


@pytest.mark.parametrize(
    "address",
    ["buyer@example.com", "  padded@example.com  ", "a+b.c@sub.example.fr", "é@exemple.fr", "x@brand.test"],
)
def test_an_email_address_is_stored_as_typed_but_trimmed(address: str) -> None:
    assert EmailAddress().deserialize(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "buyer",
        "buyer@",
        "@example.com",
        "buyer@example",
        "a@b@example.com",
        "buyer@exam ple.com",
        "buyer@example.com\n",
        "buyer\x00@example.com",
        "buyer\r\nBcc: all@example.com",
        "Buyer <buyer@example.com>",
        "\N{KELVIN SIGN}ate@example.com",
        "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}da@example.com",
        "\N{FULLWIDTH LATIN SMALL LETTER A}na@example.com",
        "ana@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com",
        "=?utf-8?q?x=0d=0abcc=3aevil=40b.example?=@example.com",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com",
        "a@localhost",
        "a@[127.0.0.1]",
        None,
        3,
        ["a@example.com"],
    ],
)
def test_an_invalid_email_address_is_refused(address: Any) -> None:
    with pytest.raises(ValidationError):
        EmailAddress().deserialize(address)


@given(st.text(max_size=300))
def test_no_text_breaks_the_email_validation(text: str) -> None:
    try:
        address = EmailAddress().deserialize(text)
    except ValidationError:
        return
    assert address == text.strip()
    assert "@" in address
    assert len(address) <= 254
    assert not has_control_characters(address)


def test_a_line_is_trimmed_and_limited() -> None:
    assert Line(max_length=3).deserialize("  abc  ") == "abc"
    for wrong in ("abcd", "a\tb", "a\x1bb", "a\u2028b", 1, None):
        with pytest.raises(ValidationError):
            Line(max_length=3).deserialize(wrong)
    with pytest.raises(ValidationError):
        Line(max_length=3, min_length=1).deserialize("   ")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"k": "v"},
        {"k": ""},
        {"k" * 40: "v" * 500},
        {f"key{number}": "v" for number in range(20)},
        {"clé": "épreuve 🙂"},
    ],
)
def test_metadata_within_stripes_limits_are_unchanged(metadata: dict[str, str]) -> None:
    assert CallerMetadata().deserialize(metadata) == metadata


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        "k=v",
        {"": "v"},
        {"k" * 41: "v"},
        {"a[b]": "v"},
        {"a]": "v"},
        {"a\nb": "v"},
        {"k": "v" * 501},
        {"k": "a\x00b"},
        {"k": "a\nb"},
        {"k": 1},
        {"k": None},
        {"k": True},
        {"k": {"nested": "v"}},
        {f"key{number}": "v" for number in range(21)},
    ],
)
def test_metadata_that_stripe_would_refuse_are_refused(metadata: Any) -> None:
    with pytest.raises(ValidationError):
        CallerMetadata().deserialize(metadata)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456+02:00", datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_with_its_offset(text: str, moment: datetime) -> None:
    assert Timestamp().deserialize(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00",
        "2026-01-31",
        "now",
        "",
        "1769860800",
        1769860800,
        None,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-13-01T00:00:00Z",
        "2026-01-31T12:00:00+99:00",
    ],
)
def test_a_time_without_an_offset_or_beyond_the_calendar_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        Timestamp().deserialize(text)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    paris = timezone(timedelta(hours=2))
    written = Timestamp().serialize("at", {"at": datetime(2026, 7, 1, 12, 0, 0, 999999, tzinfo=paris)})
    assert written == "2026-07-01T10:00:00.999Z"
    assert Timestamp().serialize("at", {"at": None}) is None


@given(st.uuids())
def test_a_cursor_decodes_to_its_id(last: UUID) -> None:
    assert Cursor().deserialize(encode_cursor(last)) == last
    assert Cursor().serialize("next", {"next": last}) == encode_cursor(last)


@given(st.text(max_size=30))
def test_no_other_text_is_a_cursor(text: str) -> None:
    try:
        last = Cursor().deserialize(text)
    except ValidationError:
        return
    assert encode_cursor(last) == text


@pytest.mark.parametrize(
    "text", ["A" * 21, "A" * 23, "A" * 22 + "=", "A" * 21 + "B", "A" * 21 + "+", "", None]
)
def test_a_cursor_has_one_encoding(text: Any) -> None:
    with pytest.raises(ValidationError):
        Cursor().deserialize(text)
