"""METRICS_TOKEN protects the metrics, so a short one is refused."""

import pytest

from config.errors import SettingsError
from config.settings import Settings
from tests.unit.config.environment import REQUIRED


def settings(**changes: str) -> Settings:
    return Settings.from_environment({**REQUIRED, **changes})


def test_without_a_token_there_are_no_metrics() -> None:
    assert settings().metrics_token is None


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "é" * 40])
def test_a_token_that_is_short_or_cannot_be_sent_is_refused(token: str) -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN must be at least 16 ASCII characters"):
        settings(METRICS_TOKEN=token)


def test_the_token_is_not_printed_with_the_settings() -> None:
    token = "a-token-of-the-monitoring-system"
    read = settings(METRICS_TOKEN=token)
    assert read.metrics_token == token
    assert token not in repr(read)
