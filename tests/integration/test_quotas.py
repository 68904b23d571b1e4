"""Quotas hold for calls at the same time, and what is given back counts neither twice nor in another period."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask_limiter import Limiter

from lumira.errors import RateLimited
from lumira.quotas import Quota, give_back
from tests.support.redis_server import RedisServer

MakeQuota = Callable[..., Quota]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["redis", "memory"])
def make_quota(request: pytest.FixtureRequest) -> MakeQuota:
    """Quotas, each with its own limiter as in a process of its own; those of one test share their Redis."""
    uri = "memory://" if request.param == "memory" else request.getfixturevalue("redis").url

    def make(rates: str, *, is_distinct: bool = False) -> Quota:
        limiter = Limiter(key_func=lambda: "", storage_uri=uri, in_memory_fallback_enabled=True)
        limiter.init_app(Flask(__name__))
        return Quota(limiter, "test", rates, is_distinct)

    return make


def is_counted(quota: Quota, key: str, member: str = "") -> bool:
    try:
        quota.take(key, member)
    except RateLimited:
        return False
    return True


def count_at_once(quota: Quota, members: list[str]) -> int:
    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(lambda member: is_counted(quota, "network", member), members))


def test_calls_at_the_same_time_count_no_more_members_than_the_limit(make_quota: MakeQuota) -> None:
    for round_number in range(10):
        quota = make_quota("5 per day", is_distinct=True)
        members = [f"{round_number}-{number}" for number in range(40)]
        with ThreadPoolExecutor(16) as pool:
            counted = sum(
                pool.map(lambda member: is_counted(quota, f"round-{round_number}", member), members)  # noqa: B023
            )
        assert counted == 5


def test_repeated_calls_at_the_same_time_are_refused_with_their_member(make_quota: MakeQuota) -> None:
    quota = make_quota("5 per day", is_distinct=True)
    # Eight members, each eight times: five are counted with all their uses, and three are refused each time.
    assert count_at_once(quota, [str(number // 8) for number in range(64)]) == 40


def test_calls_at_the_same_time_for_one_member_count_it_once(make_quota: MakeQuota) -> None:
    quota = make_quota("2 per day", is_distinct=True)
    assert count_at_once(quota, ["ana"] * 40) == 40
    assert [is_counted(quota, "network", member) for member in ("zoe", "eve", "ana")] == [True, False, True]


def test_calls_at_the_same_time_are_no_more_than_the_limit(make_quota: MakeQuota) -> None:
    quota = make_quota("7 per day; 9 per month")
    assert count_at_once(quota, [""] * 40) == 7


def test_a_refused_call_counts_in_no_period(make_quota: MakeQuota) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 10, 5, tzinfo=UTC), tick=False) as clock:
        quota = make_quota("1 per minute; 2 per hour")
        assert [is_counted(quota, "a") for _ in range(4)] == [True, False, False, False]
        clock.shift(timedelta(minutes=1))
        assert is_counted(quota, "a")
        clock.shift(timedelta(minutes=1))
        assert not is_counted(quota, "a")


def test_the_error_says_when_the_period_ends(make_quota: MakeQuota) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 10, 5, tzinfo=UTC), tick=False):
        quota = make_quota("1 per minute; 100 per hour")
        quota.take("a")
        with pytest.raises(RateLimited) as refused:
            quota.take("a")
    assert refused.value.retry_after == 55


def test_what_is_given_back_may_be_taken_again_once(make_quota: MakeQuota) -> None:
    quota = make_quota("1 per day")
    taken = quota.take("a")
    for _ in range(3):
        give_back(taken)
    assert [is_counted(quota, "a") for _ in range(2)] == [True, False]


def test_a_member_counts_until_its_last_use_is_given_back(make_quota: MakeQuota) -> None:
    quota = make_quota("1 per day", is_distinct=True)
    first, second = quota.take("network", "ana"), quota.take("network", "ana")
    give_back(first)
    assert not is_counted(quota, "network", "zoe")
    give_back(second)
    assert is_counted(quota, "network", "zoe")


def test_a_use_is_given_back_only_in_the_period_in_which_it_was_taken(make_quota: MakeQuota) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 59, 59, tzinfo=UTC), tick=False) as clock:
        quota = make_quota("1 per hour", is_distinct=True)
        taken = quota.take("network", "ana")
        clock.shift(timedelta(seconds=2))
        quota.take("network", "zoe")
        give_back(taken)
        assert not is_counted(quota, "network", "eve")


def test_a_member_is_forgotten_with_its_period(make_quota: MakeQuota) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 12, 59, 59, tzinfo=UTC), tick=False) as clock:
        quota = make_quota("1 per hour", is_distinct=True)
        quota.take("network", "ana")
        for hours in range(3):
            clock.shift(timedelta(hours=1))
            assert is_counted(quota, "network", f"other-{hours}")
            assert not is_counted(quota, "network", "ana")
        assert len(quota._in_process._uses) <= 1


@pytest.mark.parametrize("make_quota", ["redis"], indirect=True)
def test_processes_count_together(make_quota: MakeQuota) -> None:
    first, second = make_quota("2 per day", is_distinct=True), make_quota("2 per day", is_distinct=True)
    assert [is_counted(quota, "network", member) for quota, member in ((first, "a"), (second, "b"))] == [
        True
    ] * 2
    assert not is_counted(first, "network", "c")
    assert is_counted(second, "network", "a")


@pytest.mark.parametrize("make_quota", ["redis"], indirect=True)
def test_a_process_counts_alone_while_redis_is_lost(make_quota: MakeQuota, redis: RedisServer) -> None:
    quota = make_quota("1 per day")
    taken = quota.take("a")
    redis.kill()
    give_back(taken)
    assert [is_counted(quota, "a") for _ in range(2)] == [True, False]
