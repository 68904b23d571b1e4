"""The address that links begin with: whole, encrypted on the way, or refused by name."""

import pytest

from config.settings import Settings, SettingsError
from tests.unit.config.given import GIVEN


def public_url(**given: str) -> str | None:
    return Settings.from_environment(GIVEN | given).public_url


def test_without_one_there_is_none() -> None:
    assert public_url() is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://pay.example.com", "https://pay.example.com"),
        ("https://pay.example.com/", "https://pay.example.com"),
        ("https://pay.example.com:8443", "https://pay.example.com:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_one_is_kept_without_the_slash_at_its_end(given, expected) -> None:
    assert public_url(PUBLIC_URL=given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "pay.example.com",
        "http://pay.example.com",
        "https://pay.example.com/shop",
        "https://pay.example.com?a=b",
        "https://user:password@pay.example.com",
        "https://pay.example.com\nhttps://evil.example",
        "https://",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_for_buyers_ends_the_start(given) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        public_url(PUBLIC_URL=given)
