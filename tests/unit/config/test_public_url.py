"""PUBLIC_URL is an HTTPS origin, or the start fails with an error that names it."""

import pytest

from config.settings import Settings, SettingsError
from tests.unit.config.environment import REQUIRED


def public_url(**variables: str) -> str | None:
    return Settings.from_environment(REQUIRED | variables).public_url


def test_the_public_url_is_optional() -> None:
    assert public_url() is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://pay.example.com", "https://pay.example.com"),
        ("https://pay.example.com/", "https://pay.example.com"),
        ("https://pay.example.com:8443", "https://pay.example.com:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_a_public_url_is_stored_without_its_trailing_slash(url, expected) -> None:
    assert public_url(PUBLIC_URL=url) == expected


@pytest.mark.parametrize(
    "url",
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
def test_an_invalid_public_url_is_refused(url) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        public_url(PUBLIC_URL=url)
