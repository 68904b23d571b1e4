"""How long rows are kept that grow with time."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import SettingsError, whole_number

#: Stripe lists events for 30 days: what they are about must be known as long.
_STRIPE_LISTS_DAYS = 30


@dataclass(frozen=True)
class Retention:
    """How long payloads, events, unpaid orders and resolved alerts are kept; 0: without end."""

    payload_days: int = 90
    event_months: int = 13
    unpaid_order_days: int = 30
    alert_months: int = 13


def from_environment(values: Mapping[str, str]) -> Retention:
    """Return the retention periods; raise `SettingsError` if one is no number or too short."""
    return Retention(
        payload_days=_period(values, "RETENTION_PAYLOAD_DAYS", Retention.payload_days, at_least=7),
        event_months=_period(values, "RETENTION_EVENT_MONTHS", Retention.event_months, at_least=3),
        unpaid_order_days=_period(
            values, "RETENTION_UNPAID_ORDER_DAYS", Retention.unpaid_order_days, at_least=_STRIPE_LISTS_DAYS
        ),
        alert_months=_period(values, "RETENTION_ALERT_MONTHS", Retention.alert_months, at_least=1),
    )


def _period(values: Mapping[str, str], name: str, default: int, *, at_least: int) -> int:
    number = whole_number(values, name, default=default)
    if number and not at_least <= number <= 1200:  # noqa: PLR2004 - a century of months
        raise SettingsError(f"{name} must be 0 (kept without end) or from {at_least} to 1200, not {number}.")
    return number
