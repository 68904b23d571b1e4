"""The clock that the demo moves to make the sales of earlier days."""

import time
from datetime import UTC, datetime, timedelta

from lumira import clock
from lumira.clients.stripe_signature import TOLERANCE, is_signed
from lumira.models.columns import uuid7, uuid7_from
from tests.support.stripe_events import signature

_BODY = b'{"id": "evt_1"}'
_SECRET = "whsec_1"
_SOON = timedelta(minutes=1)


def test_a_moved_clock_goes_on_from_there_and_is_the_machines_again_after_the_block() -> None:
    past = datetime.now(UTC) - timedelta(days=14)
    with clock.movable() as move_to:
        ahead = move_to(past)

        assert past <= clock.utc_now() < past + _SOON
        assert abs(ahead + timedelta(days=14)) < _SOON

    assert abs(clock.utc_now() - datetime.now(UTC)) < _SOON


def test_an_id_created_by_a_moved_clock_sorts_where_its_time_does() -> None:
    past = datetime.now(UTC) - timedelta(days=14)
    with clock.movable() as move_to:
        move_to(past)

        assert uuid7_from(past) <= uuid7() < uuid7_from(past + _SOON)


def test_a_signature_counts_by_the_moved_clock_and_not_by_the_machines() -> None:
    past = datetime.now(UTC) - timedelta(days=14)
    with clock.movable() as move_to:
        move_to(past)

        for age in (0, TOLERANCE - 30, 30 - TOLERANCE):
            assert is_signed(_BODY, signature(_BODY, _SECRET, at=past.timestamp() - age), [_SECRET])
        for at in (past.timestamp() - TOLERANCE - 30, past.timestamp() + TOLERANCE + 30, time.time()):
            assert not is_signed(_BODY, signature(_BODY, _SECRET, at=at), [_SECRET])
