"""Disputes and early fraud warnings at Stripe. Each call raises as `stripe_transport.call` does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from lumira.clients.stripe_transport import Account, call_pages

if TYPE_CHECKING:
    from stripe.params import DisputeListParams
    from stripe.params.radar import EarlyFraudWarningListParams


def list_disputes(account: Account, payment_intent_id: str) -> Iterator[dict[str, Any]]:
    """Yield every dispute of one payment, newest first."""
    return call_pages(
        account,
        "list_disputes",
        {"payment_intent": payment_intent_id},
        lambda client, page, options: client.v1.disputes.list(cast("DisputeListParams", page), options),
    )


def list_fraud_warnings(account: Account, payment_intent_id: str) -> Iterator[dict[str, Any]]:
    """Yield every early fraud warning about one payment, newest first."""
    return call_pages(
        account,
        "list_fraud_warnings",
        {"payment_intent": payment_intent_id},
        lambda client, page, options: client.v1.radar.early_fraud_warnings.list(
            cast("EarlyFraudWarningListParams", page), options
        ),
    )
