"""Rows as `COPY` writes them: a line of bytes with the text of each value, which any column reads again.

A line has no line feed in it, and the same values are always the same line. What is only copied or compared needs no
parsing; `values_of` and `line_of` are for the lines of which a value is read or replaced.
"""

import re
from collections.abc import Iterable

#: The text of each value of a row; `None` for NULL.
Values = list[bytes | None]

_NULL, _SEPARATOR = rb"\N", b"\t"
_ESCAPED = {
    b"\\": rb"\\",
    b"\b": rb"\b",
    b"\f": rb"\f",
    b"\n": rb"\n",
    b"\r": rb"\r",
    b"\t": rb"\t",
    b"\v": rb"\v",
}
_PLAIN = {written: plain for plain, written in _ESCAPED.items()}
_TO_ESCAPE = re.compile(rb"[\\\b\f\n\r\t\v]")
_ESCAPES = re.compile(rb"\\[\\bfnrtv]")


def values_of(line: bytes) -> Values:
    """Return the values of a line."""
    texts = line.split(_SEPARATOR)
    return [_value(text) for text in texts] if b"\\" in line else list(texts)


def line_of(values: Iterable[bytes | None]) -> bytes:
    """Return the line with these values."""
    return _SEPARATOR.join(_NULL if value is None else _escape(value) for value in values)


def _value(text: bytes) -> bytes | None:
    if b"\\" not in text:
        return text
    return None if text == _NULL else _ESCAPES.sub(lambda escape: _PLAIN[escape[0]], text)


def _escape(value: bytes) -> bytes:
    return _TO_ESCAPE.sub(lambda plain: _ESCAPED[plain[0]], value)
