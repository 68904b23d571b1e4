"""The bounds of a call to Stripe."""

from lumira.clients.stripe_transport import LONGEST_CALL
from lumira.domain import refund_requests
from lumira.repositories.idempotency import idempotency


def test_a_lease_outlasts_the_longest_call_to_stripe() -> None:
    assert idempotency.LEASE > LONGEST_CALL
    assert refund_requests.LEASE > LONGEST_CALL
