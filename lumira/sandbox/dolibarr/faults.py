"""Injected faults: for the next requests that match, or at random at a given rate."""

import random
import re
import threading
from dataclasses import dataclass
from typing import Any

KINDS = (
    #: The request takes a while.
    "slow",
    #: No reply, and nothing was done.
    "timeout_before",
    #: No reply, and what was asked for was done.
    "timeout_after",
    "deadlock",
    "lock_wait",
    "duplicate_number",
    #: A 500 as empty HTML: PHP ended before, or after it had committed.
    "500_empty",
    "500_empty_after",
    #: A 500 as JSON, without a text.
    "500_without_text",
    #: The proxy's page.
    "502",
    "502_after",
    "503",
    #: The reply is the page of a login form.
    "login_page",
    "redirect",
)


@dataclass(frozen=True)
class Fault:
    """What happens to one request."""

    kind: str
    ms: float = 0


class Faults:
    """The faults of an installation that are still to come."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queued: list[dict[str, Any]] = []
        self._random = random.Random(0)  # noqa: S311 - repeatable

    def replace(self, queued: list[dict[str, Any]], *, seed: int = 0) -> None:
        """Replace the queued faults: ``fault``, and ``method``, ``path``, ``times``, ``ms``, ``skip`` as needed."""
        for spec in queued:
            unknown = spec.keys() - {"fault", "method", "path", "times", "ms", "skip"}
            if spec.get("fault") not in KINDS or unknown:
                raise ValueError(f"A fault is one of {', '.join(KINDS)}, not {spec!r}.")
        with self._guard:
            self._queued = [dict(spec) for spec in queued]
            self._random = random.Random(seed)  # noqa: S311 - repeatable

    def add(self, spec: dict[str, Any]) -> None:
        """Queue one more."""
        with self._guard:
            queued = [*self._queued, spec]
        self.replace(queued)

    def queued(self) -> list[dict[str, Any]]:
        """The faults that have not been used up."""
        with self._guard:
            return [dict(spec) for spec in self._queued]

    def take(self, method: str, path: str, rates: dict[str, float]) -> Fault | None:
        """Return the fault of a request: the first queued one that matches, or a random one."""
        with self._guard:
            for spec in self._queued:
                if not _matches(spec, method, path):
                    continue
                if spec.get("skip", 0) > 0:
                    spec["skip"] -= 1
                    continue
                spec["times"] = spec.get("times", 1) - 1
                if spec["times"] <= 0:
                    self._queued.remove(spec)
                return Fault(spec["fault"], spec.get("ms", 0))
            drawn = self._random.random()
        for kind, rate in rates.items():
            drawn -= rate
            if drawn < 0:
                return Fault(kind)
        return None


def _matches(spec: dict[str, Any], method: str, path: str) -> bool:
    if spec.get("method", method) != method:
        return False
    pattern = spec.get("path")
    return pattern is None or re.fullmatch(pattern, path) is not None
