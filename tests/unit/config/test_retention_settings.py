"""Retention periods are numbers that are long enough, or the start fails with an error that names the setting."""

import pytest

from config.retention import Retention
from config.settings import Settings, SettingsError
from tests.unit.config.environment import REQUIRED


def settings(**variables: str) -> Retention:
    return Settings.from_environment(REQUIRED | variables).retention


def test_periods_are_read_from_their_settings() -> None:
    assert settings() == Retention()
    assert settings(
        RETENTION_PAYLOAD_DAYS="7",
        RETENTION_EVENT_MONTHS="3",
        RETENTION_UNPAID_ORDER_DAYS="30",
        RETENTION_ALERT_MONTHS="0",
    ) == Retention(7, 3, 30, 0)


@pytest.mark.parametrize(
    ("name", "too_short"),
    [
        ("RETENTION_PAYLOAD_DAYS", "6"),
        ("RETENTION_EVENT_MONTHS", "2"),
        ("RETENTION_UNPAID_ORDER_DAYS", "29"),
        ("RETENTION_ALERT_MONTHS", "-1"),
        ("RETENTION_ALERT_MONTHS", "a year"),
        ("RETENTION_ALERT_MONTHS", "1201"),
    ],
)
def test_a_period_that_is_too_short_or_no_number_is_refused(name: str, too_short: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: too_short})
