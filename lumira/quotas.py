"""Quotas of what callers open: counted before the work, and given back if nothing was opened.

A limit that counts afterwards is passed by as many calls as run at the same time.
"""

import math
import time
from dataclasses import dataclass

import structlog
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many

from lumira.errors import RateLimited

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Quota:
    """How often something may be done under one key, in the notation of Flask-Limiter."""

    limiter: Limiter
    scope: str
    rates: str

    def take(self, key: str) -> None:
        """Count one use; raises `RateLimited`, and counts nothing, if the quota is used up."""
        exceeded = [item for item in self._items() if self._add(item, key, 1) > item.amount]
        if exceeded:
            self.give_back(key)
            raise RateLimited(self._seconds_left(exceeded, key))

    def give_back(self, key: str) -> None:
        """Undo one `take`."""
        for item in self._items():
            self._add(item, key, -1)

    def take_distinct(self, key: str, member: str) -> None:
        """Count the member under the key unless it is counted already; raises `RateLimited` as `take` does."""
        if self._count_member(key, member, 1) > 1:
            return
        try:
            self.take(key)
        except RateLimited:
            self._count_member(key, member, -1)
            raise

    def give_back_distinct(self, key: str, member: str) -> None:
        """Undo one `take_distinct`: the member counts as long as another use of it is counted."""
        if self._count_member(key, member, -1) <= 0:
            self.give_back(key)

    def _count_member(self, key: str, member: str, amount: int) -> int:
        longest = max(self._items(), key=lambda item: item.get_expiry())
        return self._add(longest, f"{key}:{member}", amount)

    def _items(self) -> list[RateLimitItem]:
        return parse_many(self.rates)

    def _name(self, item: RateLimitItem, key: str) -> str:
        return item.key_for("lumira", self.scope, key)

    def _add(self, item: RateLimitItem, key: str, amount: int) -> int:
        """Change the count and return it; 0, so that no sale is refused, if the storage does not respond."""
        storage = self.limiter.limiter.storage
        try:
            return storage.incr(self._name(item, key), item.get_expiry(), amount)
        except storage.base_exceptions as error:
            log.warning("quota_not_counted", error=type(error).__name__)
            return 0

    def _seconds_left(self, exceeded: list[RateLimitItem], key: str) -> int:
        storage = self.limiter.limiter.storage
        try:
            ends = [storage.get_expiry(self._name(item, key)) for item in exceeded]
        except storage.base_exceptions:
            # The storage was lost since the limit was found reached.
            return 1
        return max(1, math.ceil(max(ends) - time.time()))
