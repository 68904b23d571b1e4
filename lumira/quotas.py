"""Quotas of what callers open: counted before the work, and given back if nothing was opened.

A limit that counts afterwards is passed by as many calls as run at the same time. One use is counted in one step: no
call sees another one half counted.
"""

import math
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from flask_limiter import Limiter
from limits import parse_many
from limits.storage import RedisStorage

from lumira.errors import RateLimited

log = structlog.get_logger()

#: Seconds for which a period is stored after its end: the clocks of several hosts differ.
_MARGIN = 60


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a rate: a fixed time, such as one full hour, in which at most `amount` uses count."""

    name: str
    amount: int
    ends_at: float


class _Counts(Protocol):
    """The uses of each member in each period."""

    def add(self, periods: tuple[Period, ...], member: str, *, is_distinct: bool) -> list[Period]:
        """Count one use in each period, or in none: returns the periods that have no room for it."""
        ...

    def subtract(self, periods: tuple[Period, ...], member: str) -> None:
        """Count one use less in each period, never less than none."""
        ...


class _ProcessCounts(_Counts):
    """The counts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[str, dict[str, int]] = {}
        self._ends: dict[str, float] = {}
        self._purged_at = 0.0

    def add(self, periods: tuple[Period, ...], member: str, *, is_distinct: bool) -> list[Period]:
        with self._lock:
            self._purge(time.time())
            exceeded = [
                period
                for period in periods
                if not self._has_room(self._uses.get(period.name, {}), period.amount, member, is_distinct)
            ]
            for period in () if exceeded else periods:
                uses = self._uses.setdefault(period.name, {})
                uses[member] = uses.get(member, 0) + 1
                self._ends[period.name] = period.ends_at
            return exceeded

    @staticmethod
    def _has_room(uses: dict[str, int], amount: int, member: str, is_distinct: bool) -> bool:
        if is_distinct:
            return member in uses or len(uses) < amount
        return uses.get(member, 0) < amount

    def subtract(self, periods: tuple[Period, ...], member: str) -> None:
        with self._lock:
            for period in periods:
                uses = self._uses.get(period.name, {})
                if uses.get(member, 0) > 1:
                    uses[member] -= 1
                else:
                    uses.pop(member, None)

    def _purge(self, now: float) -> None:
        """Remove what is over, once a minute."""
        if now - self._purged_at < _MARGIN:
            return
        self._purged_at = now
        for name in [name for name, ends_at in self._ends.items() if ends_at + _MARGIN < now]:
            del self._ends[name], self._uses[name]


#: One hash for each period: the uses of each member. Redis runs a script as one step.
_ADD = b"""
local exceeded = {}
for number, name in ipairs(KEYS) do
    local uses = tonumber(redis.call('HGET', name, ARGV[1]) or '0')
    local counted = uses
    if ARGV[2] == '1' then
        counted = uses > 0 and -1 or redis.call('HLEN', name)
    end
    if counted >= tonumber(ARGV[2 * number + 1]) then
        table.insert(exceeded, number)
    end
end
if #exceeded == 0 then
    for number, name in ipairs(KEYS) do
        redis.call('HINCRBY', name, ARGV[1], 1)
        redis.call('EXPIRE', name, ARGV[2 * number + 2])
    end
end
return exceeded
"""
_SUBTRACT = b"""
for _, name in ipairs(KEYS) do
    local uses = tonumber(redis.call('HGET', name, ARGV[1]) or '0')
    if uses > 1 then
        redis.call('HINCRBY', name, ARGV[1], -1)
    else
        redis.call('HDEL', name, ARGV[1])
    end
end
"""


class _SharedCounts(_Counts):
    """The counts of all processes, in Redis."""

    def __init__(self, storage: RedisStorage) -> None:
        self._storage = storage

    def add(self, periods: tuple[Period, ...], member: str, *, is_distinct: bool) -> list[Period]:
        now = time.time()
        bounds = [
            value
            for period in periods
            for value in (period.amount, math.ceil(period.ends_at - now) + _MARGIN)
        ]
        numbers = self._run(_ADD, periods, member, int(is_distinct), *bounds)
        return [periods[number - 1] for number in numbers]

    def subtract(self, periods: tuple[Period, ...], member: str) -> None:
        try:
            self._run(_SUBTRACT, periods, member)
        except self._storage.base_exceptions as error:
            # The use counts until its periods end.
            log.warning("quota_not_given_back", error=type(error).__name__)

    def _run(self, script: bytes, periods: tuple[Period, ...], *arguments: str | int) -> Any:
        names = [self._storage.prefixed_key(period.name) for period in periods]
        return self._storage.get_connection().register_script(script)(names, arguments)


@dataclass(frozen=True, slots=True)
class Taken:
    """One counted use: where and under which member it counts, so that exactly this one can be given back."""

    counts: _Counts
    periods: tuple[Period, ...]
    member: str


@dataclass(frozen=True, slots=True)
class Quota:
    """How often something may be done under one key, in the notation of Flask-Limiter.

    Counted in Redis, by all processes together; in this process without Redis, and while Redis does not respond.
    """

    limiter: Limiter
    scope: str
    rates: str
    #: Whether distinct members count, however often each is taken, instead of uses.
    is_distinct: bool = False
    _in_process: _ProcessCounts = field(default_factory=_ProcessCounts, compare=False)

    def take(self, key: str, member: str = "") -> Taken:
        """Count one use of the member under the key; raises `RateLimited`, and counts nothing, if a rate is reached."""
        now = time.time()
        periods = tuple(self._periods(key, now))
        taken, exceeded = self._count(periods, member)
        if exceeded:
            ends_at = max(period.ends_at for period in exceeded)
            raise RateLimited(max(1, math.ceil(ends_at - now)))
        return taken

    def _periods(self, key: str, now: float) -> list[Period]:
        periods = []
        for rate in parse_many(self.rates):
            number, seconds = int(now // rate.get_expiry()), rate.get_expiry()
            name = f"{rate.key_for('lumira', self.scope, key)}/{number}"
            periods.append(Period(name, rate.amount, (number + 1) * seconds))
        return periods

    def _count(self, periods: tuple[Period, ...], member: str) -> tuple[Taken, list[Period]]:
        # Where rate limits are switched off, there is no storage: what is counted nevertheless counts in this process.
        storage = self.limiter.limiter.storage if self.limiter.enabled else None
        if isinstance(storage, RedisStorage):
            shared = _SharedCounts(storage)
            try:
                exceeded = shared.add(periods, member, is_distinct=self.is_distinct)
                return Taken(shared, periods, member), exceeded
            except storage.base_exceptions as error:
                # No sale is refused for it, and the limit applies to what this process counts.
                log.warning("quota_counted_in_process", error=type(error).__name__)
        exceeded = self._in_process.add(periods, member, is_distinct=self.is_distinct)
        return Taken(self._in_process, periods, member), exceeded


def give_back(taken: Taken) -> None:
    """Undo one `take`, in the periods in which it was counted; once they are over, nothing is left to undo."""
    taken.counts.subtract(taken.periods, taken.member)
