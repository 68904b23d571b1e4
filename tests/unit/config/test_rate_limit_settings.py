"""Rate limits and REDIS_URL are valid, or the start fails with an error that names the setting."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from config.settings import ROOT, RateLimits, Settings, SettingsError
from tests.unit.config.environment import REQUIRED


def settings(**variables: str) -> Settings:
    return Settings.from_environment(REQUIRED | variables)


def test_requests_are_limited_by_default() -> None:
    assert settings().rate_limits == RateLimits()


@pytest.mark.parametrize("rate", ["100 per minute", "10/second", "2 per minute; 10 per hour"])
def test_a_rate_is_stored_as_written(rate: str) -> None:
    assert settings(RATE_LIMIT_PER_KEY=rate).rate_limits.per_key == rate


@pytest.mark.parametrize(
    "name",
    [
        "RATE_LIMIT_PER_KEY",
        "RATE_LIMIT_PER_ADDRESS",
        "RATE_LIMIT_PER_EMAIL",
        "RATE_LIMIT_PER_ADDRESS_EMAILS",
        "RATE_LIMIT_PER_ADDRESS_FREE",
    ],
)
@pytest.mark.parametrize("rate", ["often", "0 per minute", "-1 per minute", "100 per", "100"])
def test_an_invalid_rate_is_refused_with_the_name_of_its_setting(name: str, rate: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: rate})


@pytest.mark.parametrize("name", ["RESERVATIONS_PER_ADDRESS", "RESERVATIONS_PER_EMAIL", "RESERVATION_SHARE"])
@pytest.mark.parametrize("number", ["many", "0", "-1", "1.5", "1000001"])
def test_an_invalid_bound_is_refused_with_the_name_of_its_setting(name: str, number: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: number})


def test_bounds_are_read_from_their_settings() -> None:
    limits = settings(
        RESERVATION_SHARE="100",
        RESERVATIONS_PER_ADDRESS="7",
        RATE_LIMIT_PER_ADDRESS_FREE="1 per hour; 2 per day",
    ).rate_limits
    assert (limits.reservation_share, limits.reservations_per_address) == (100, 7)
    assert limits.free_orders == [(1, timedelta(hours=1)), (2, timedelta(days=1))]


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache",
        "redis://cache:6379",
        "redis://:word@127.0.0.1:6379/0",
        "rediss://user:word@cache/12",
        "redis://[::1]:6379/",
        "redis+sentinel://one:26379,two:26379/mymaster",
    ],
)
def test_a_redis_url_is_accepted(url: str) -> None:
    assert settings(REDIS_URL=url).redis_url == url


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "http://cache:6379",
        "redis://",
        "redis://:hunter2@cache:port/0",
        "redis://cache:99999",
        "redis://cache/first",
        "REDIS://cache",
        " redis://cache",
        "redis://ca che",
        "redis://cache?db=first",
    ],
)
def test_an_invalid_redis_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as refused:
        settings(REDIS_URL=url)
    assert "hunter2" not in str(refused.value)


# Gunicorn reads WEB_CONCURRENCY itself first and fails on anything but a number, so only 0 is tested for it.
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("WEB_CONCURRENCY", "0"),
        ("STRIPE_CONCURRENCY", "0"),
        *(("WEB_THREADS", number) for number in ("two", "0", "-1", "1.5")),
    ],
)
def test_the_web_server_refuses_an_invalid_number_in_one_line(name: str, number: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "--check-config", "wsgi:app"],
        cwd=ROOT,
        env={**os.environ, **REQUIRED, name: number},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 1
    assert ended.stderr == f"lumira: {name} must be a whole number above 0, not {number!r}.\n"
