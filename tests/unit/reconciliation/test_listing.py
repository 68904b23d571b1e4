"""Listing finds what it can in few calls; what it leaves out is read by its id."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lumira.clients import stripe_client
from lumira.clients.stripe_client import Page
from lumira.reconciliation.listing import list_slice
from lumira.repositories.orders.order_polls import Awaited

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Stripe:
    """The objects of one account, and how often they were listed."""

    def __init__(self, *created: float) -> None:
        self.objects = [
            {"id": f"pi_{number}", "created": int((START + second * SECOND).timestamp())}
            for number, second in enumerate(created)
        ]
        self.calls = 0

    def list_page(self, _: object, *, since: datetime, until: datetime, after: str | None) -> Page:
        self.calls += 1
        newest_first = sorted(self.objects, key=lambda item: item["created"], reverse=True)
        inside = [
            item for item in newest_first if since.timestamp() - 1 <= item["created"] <= until.timestamp()
        ]
        if after is not None:
            inside = inside[[item["id"] for item in inside].index(after) + 1 :]
        return Page(inside[:100], has_more=len(inside) > 100)

    def find(self, numbers: list[int]) -> dict[str, Any]:
        """List what is wanted, as one that recorded each object a second after Stripe created it."""
        wanted = [
            Awaited(item["id"], datetime.fromtimestamp(item["created"], UTC) + SECOND)
            for item in (self.objects[number] for number in numbers)
        ]
        found: dict[str, Any] = {}
        newest_first = sorted(wanted, key=lambda one: one.created_at, reverse=True)
        list_slice(self.list_page, None, newest_first, found)  # type: ignore[arg-type]
        return found


@pytest.fixture(autouse=True)
def equal_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_client, "clock_difference", timedelta)


def test_a_hundred_objects_are_found_in_one_call() -> None:
    stripe = Stripe(*range(100))
    assert len(stripe.find(list(range(100)))) == 100
    assert stripe.calls == 1


def test_objects_that_are_far_apart_are_found_in_one_call_if_little_lies_between() -> None:
    stripe = Stripe(*range(0, 3600, 60))
    assert stripe.find([0, 30, 59]).keys() == {"pi_0", "pi_30", "pi_59"}
    assert stripe.calls == 1


@pytest.mark.parametrize("ahead", [-20, -3, 0, 3, 20])
def test_objects_are_found_however_far_the_clocks_differ(ahead, monkeypatch) -> None:
    monkeypatch.setattr(stripe_client, "clock_difference", lambda: ahead * SECOND)
    stripe = Stripe(*range(500))
    for item in stripe.objects:
        item["created"] += ahead
    wanted = [Awaited(f"pi_{number}", START + number * SECOND) for number in range(499, -1, -1)]
    found: dict[str, Any] = {}
    list_slice(stripe.list_page, None, wanted, found)  # type: ignore[arg-type]
    assert (len(found), stripe.calls) == (500, 5)


def test_a_clock_that_only_seems_slow_because_a_response_was_late_hides_nothing(monkeypatch) -> None:
    monkeypatch.setattr(stripe_client, "clock_difference", lambda: -8 * SECOND)
    stripe = Stripe(*range(100))
    assert len(stripe.find(list(range(100)))) == 100


def test_what_lies_between_two_objects_is_not_listed() -> None:
    stripe = Stripe(*range(10_000))
    assert stripe.find([0, 5_000, 9_999]).keys() == {"pi_0", "pi_5000", "pi_9999"}
    assert stripe.calls == 3


def test_a_list_without_anything_that_is_wanted_ends_after_two_pages() -> None:
    stripe = Stripe(*(number / 100 for number in range(10_000)))
    stripe.objects[5_000]["created"] -= 10**6
    wanted = Awaited("pi_5000", START + 60 * SECOND)
    found: dict[str, Any] = {}
    list_slice(stripe.list_page, None, [wanted, wanted], found)  # type: ignore[arg-type]
    assert (found, stripe.calls) == ({}, 2)


def test_an_object_that_stripe_does_not_list_yet_does_not_prevent_that_the_others_are_found() -> None:
    stripe = Stripe(*range(500))
    late = stripe.objects[400]
    stripe.objects[400] = {"id": "pi_other", "created": late["created"]}
    numbers = list(range(0, 500, 5))
    wanted = [
        Awaited(f"pi_{number}", START + (number + 1) * SECOND) for number in sorted(numbers, reverse=True)
    ]
    found: dict[str, Any] = {}
    list_slice(stripe.list_page, None, wanted, found)  # type: ignore[arg-type]
    assert found.keys() == {f"pi_{number}" for number in numbers} - {"pi_400"}


@pytest.mark.parametrize("seed", range(20))
def test_listing_never_takes_many_more_calls_than_reading_by_id(seed) -> None:
    chance = random.Random(seed)
    stripe = Stripe(*sorted(chance.uniform(0, 3600) for _ in range(chance.choice([50, 1_000, 10_000]))))
    wanted = chance.sample(range(len(stripe.objects)), chance.choice([2, 10, 50]))
    found = stripe.find(wanted)
    assert found.keys() <= {f"pi_{number}" for number in wanted}
    assert len(found) >= 0.9 * len(wanted)
    assert stripe.calls <= 2 * len(wanted)
