"""Disputes and early fraud warnings at Stripe. Each call raises as `stripe_transport.call` does."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from lumira.clients.stripe_transport import Account, call, call_pages

if TYPE_CHECKING:
    from stripe.params import DisputeListParams, DisputeUpdateParams
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


def get_dispute(account: Account, dispute_id: str) -> dict[str, Any]:
    """Return the dispute in its current state."""
    return call(
        account, "get_dispute", lambda client, options: client.v1.disputes.retrieve(dispute_id, None, options)
    )


def submit_evidence(
    account: Account, dispute_id: str, *, evidence: Mapping[str, str], metadata: Mapping[str, str], key: str
) -> dict[str, Any]:
    """Submit evidence to the bank and return the dispute. A bank reads one response: it cannot be corrected."""
    parameters = {"evidence": evidence, "metadata": metadata, "submit": True}
    return call(
        account,
        "submit_evidence",
        lambda client, options: client.v1.disputes.update(
            dispute_id, cast("DisputeUpdateParams", parameters), options
        ),
        key=key,
    )
