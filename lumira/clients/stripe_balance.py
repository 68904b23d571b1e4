"""The balance of an account at Stripe. Operations raise as `stripe_transport.call` does, and return plain dicts."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from lumira.clients.stripe_transport import Account, call, call_pages

if TYPE_CHECKING:
    from stripe.params import BalanceTransactionListParams


def get_balance_transaction(account: Account, transaction_id: str) -> dict[str, Any]:
    """Return one balance transaction."""
    return call(
        account,
        "get_balance_transaction",
        lambda client, options: client.v1.balance_transactions.retrieve(transaction_id, None, options),
    )


def list_balance_transactions(
    account: Account, *, since: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """Yield every balance transaction that was created between two times, newest first."""
    return _list_movements(
        account, {"created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())}}
    )


def list_payout_lines(account: Account, payout_id: str) -> Iterator[dict[str, Any]]:
    """Yield every balance transaction of an automatic payout, its own included, newest first."""
    return _list_movements(account, {"payout": payout_id})


def _list_movements(account: Account, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return call_pages(
        account,
        "list_balance_transactions",
        parameters,
        lambda client, page, options: client.v1.balance_transactions.list(
            cast("BalanceTransactionListParams", page), options
        ),
    )


def get_payout(account: Account, payout_id: str) -> dict[str, Any]:
    """Return one payout in its current state."""
    return call(
        account,
        "get_payout",
        lambda client, options: client.v1.payouts.retrieve(payout_id, None, options),
    )
