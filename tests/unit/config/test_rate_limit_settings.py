"""How often one may ask, and where it is counted: understood, or refused by name before anything starts."""

import os
import subprocess
import sys

import pytest

from config.settings import ROOT, RateLimits, Settings, SettingsError
from tests.unit.config.given import GIVEN


def settings(**given: str) -> Settings:
    return Settings.from_environment(GIVEN | given)


def test_the_standard_limits_are_limits() -> None:
    assert settings().rate_limits == RateLimits()


@pytest.mark.parametrize("rate", ["100 per minute", "10/second", "2 per minute; 10 per hour"])
def test_a_rate_is_kept_as_it_is_written(rate: str) -> None:
    assert settings(RATE_LIMIT_PER_KEY=rate).rate_limits.per_key == rate


@pytest.mark.parametrize("name", ["RATE_LIMIT_PER_KEY", "RATE_LIMIT_PER_ADDRESS", "RATE_LIMIT_PER_EMAIL"])
@pytest.mark.parametrize("rate", ["often", "0 per minute", "-1 per minute", "100 per", "100"])
def test_what_is_no_rate_is_refused_by_its_name(name: str, rate: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: rate})


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
def test_an_address_of_redis_is_kept(url: str) -> None:
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
def test_what_is_no_address_of_redis_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as refused:
        settings(REDIS_URL=url)
    assert "hunter2" not in str(refused.value)


# Gunicorn reads WEB_CONCURRENCY itself, too, before anybody else, and stumbles over what is no number.
@pytest.mark.parametrize(
    ("name", "number"),
    [("WEB_CONCURRENCY", "0"), *(("WEB_THREADS", number) for number in ("two", "0", "-1", "1.5"))],
)
def test_the_web_server_refuses_what_is_no_number_in_one_line(name: str, number: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "--check-config", "wsgi:app"],
        cwd=ROOT,
        env={**os.environ, **GIVEN, name: number},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr == f"lumira: {name} must be a whole number above 0, not {number!r}.\n"
