"""The steps of the set-up at Stripe, each with a code, so that a page can show it in another language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: English by the code of the step. The dashboard has each in French under the same code.
STEPS: dict[str, str] = {
    "endpoint_complete": "The endpoint {endpoint} is complete.",
    "endpoint_events_added": "The endpoint {endpoint} was completed. It now also delivers {events}.",
    "endpoint_enabled": "The endpoint {endpoint} was completed. It is enabled again.",
    "endpoint_events_added_and_enabled": (
        "The endpoint {endpoint} was completed. It now also delivers {events}. It is enabled again."
    ),
    "endpoint_created": "The endpoint {endpoint} was created for {url}; its secret is stored.",
    "endpoint_replaced": "The endpoint {endpoint} of the same URL was disabled: it is replaced.",
    "domain_registered": "The domain {host} was registered for payment methods.",
    "domain_enabled": "The domain {host} was enabled for payment methods.",
    "domain_refused": "The domain {host} was not registered: {reason}",
    "apple_pay_unverified": "Apple Pay is not active on {host}: Apple has not verified it.",
    "apple_pay_inactive": "Apple Pay is not active on {host}: {reason}",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its code, and what its sentence names. `str(step)` is the sentence in English."""

    code: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return STEPS[self.code].format(**self.values)


def step(code: str, **values: Any) -> Step:
    """Return the step with this code."""
    return Step(code, values)
