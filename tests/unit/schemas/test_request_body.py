"""A request body is unambiguous, or it is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.blueprints.http.request_body import parse_json_object
from lumira.errors import InvalidRequest

objects = st.dictionaries(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**17), 10**17)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner, max_size=1),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": ["\\ud800"]}',
        b'{"\\udfff": 1}',
        b'{"a": "\x00"}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        json.dumps({"a": 1}).encode("utf-16"),
        json.dumps({"a": 1}).encode("utf-16-le"),
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": ' + b"1" * 19 + b"}",
        b'{"a": ' + b"[" * 17 + b"]" * 17 + b"}",
        b'{"a": ' + b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_an_ambiguous_body_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_json_object(body)
    assert refused.value.code == "INVALID_REQUEST"


@given(objects)
def test_a_regular_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert parse_json_object(json.dumps(value).encode()) == value
    assert parse_json_object(json.dumps(value, ensure_ascii=False).encode()) == value


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_no_bytes_cause_an_unexpected_error(body: bytes) -> None:
    try:
        value = parse_json_object(body)
    except InvalidRequest:
        return
    assert isinstance(value, dict)
