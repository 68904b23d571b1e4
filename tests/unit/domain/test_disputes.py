"""One dispute is one row with its furthest status, whichever event reports it, in whatever order."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from lumira.domain import disputes
from lumira.domain.disputes import DisputeFacts
from lumira.domain.order_money import lost_amount
from lumira.models import DisputeStatus, Order

DUE = datetime(2026, 6, 1, tzinfo=UTC)


def facts(status: str, movements: int = 0, name: str = "du_1", **fields: Any) -> DisputeFacts:
    values = {"charge_id": "ch_1", "amount": 4700, "currency": "eur", "reason": "fraudulent", "due_at": DUE}
    return DisputeFacts(id=name, status=DisputeStatus(status), movements=movements, **(values | fields))


STORIES = [
    ("an inquiry that ends", [facts("warning_needs_response"), facts("warning_under_review"), facts("warning_closed")],
     "warning_closed", (False, 0)),
    ("an inquiry that becomes a dispute", [facts("warning_needs_response"), facts("needs_response"),
     facts("needs_response", 1)], "needs_response", (True, 0)),
    ("won", [facts("needs_response"), facts("needs_response", 1), facts("under_review", 1), facts("won", 2)],
     "won", (False, 0)),
    ("won before the money is reinstated", [facts("needs_response", 1), facts("won", 1), facts("won", 2)],
     "won", (False, 0)),
    ("lost", [facts("needs_response"), facts("needs_response", 1), facts("lost", 1)], "lost", (False, 4700)),
    ("lost from the start", [facts("lost"), facts("lost", 1)], "lost", (False, 4700)),
    ("lost, then won late", [facts("needs_response", 1), facts("lost", 1), facts("won", 2)], "won", (False, 0)),
    ("won, then lost after all", [facts("won", 2), facts("lost", 3)], "lost", (False, 4700)),
    ("appealed and won", [facts("lost", 1), facts("appeal_under_review", 1), facts("won", 2)], "won", (False, 0)),
    ("prevented", [facts("needs_response"), facts("prevented")], "prevented", (False, 0)),
    ("prevented after the money was withdrawn", [facts("needs_response"), facts("prevented", 1)],
     "prevented", (False, 4700)),
    ("prevented, and the money returned", [facts("needs_response", 1), facts("prevented", 1), facts("prevented", 2)],
     "prevented", (False, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("story", "facts", "status", "amounts"), STORIES, ids=[s[0] for s in STORIES])
def test_a_dispute_has_its_furthest_status_in_whatever_order_events_arrive(
    story, facts, status, amounts
) -> None:
    for permutation in itertools.permutations(facts):
        order = Order(currency="eur")
        for fact in (*permutation, *permutation):
            disputes.record_dispute(order, fact)
        [dispute] = order.disputes
        assert dispute.status == status
        assert (disputes.is_disputed(order), lost_amount(order)) == amounts


def test_several_disputes_of_one_charge_count_separately() -> None:
    order = Order(currency="eur")
    disputes.record_dispute(order, facts("lost", 1, amount=1000))
    disputes.record_dispute(order, facts("needs_response", 1, "du_2", amount=3700))
    assert (disputes.is_disputed(order), lost_amount(order)) == (True, 1000)


def test_a_later_event_without_date_or_reason_keeps_the_known_ones() -> None:
    order = Order(currency="eur")
    disputes.record_dispute(order, facts("needs_response"))
    disputes.record_dispute(order, facts("lost", 1, due_at=None, reason=None, amount=5000))
    [dispute] = order.disputes
    assert (dispute.due_at, dispute.reason, dispute.amount) == (DUE, "fraudulent", 5000)
