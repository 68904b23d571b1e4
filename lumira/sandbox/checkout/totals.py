"""A total that changes on the page, as by tax, a discount or another currency."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.limits import check_amount
from lumira.sandbox.payments.intents import change_amount, method_types


def change_total(
    account: Account, session: dict[str, Any], amount_total: int | None, currency: str | None
) -> None:
    """Set the total (minor units) and currency of an open session; the line items do not change.

    A total of zero requires no payment. Raises ``InvalidRequestError`` for an amount that cannot be charged.
    """
    total = session["amount_total"] if amount_total is None else amount_total
    currency = currency or session["currency"]
    if total:
        check_amount(total, currency)
    difference = total - session["amount_subtotal"]
    if currency != session["currency"]:
        session["payment_method_types"] = method_types(account, session, currency)
    session.update(
        amount_total=total,
        currency=currency,
        total_details={
            "amount_discount": max(-difference, 0),
            "amount_shipping": 0,
            "amount_tax": max(difference, 0),
        },
    )
    account.save(session)
    if session["payment_intent"] is not None and total:
        # Created by an earlier attempt that was declined.
        intent = account.get("payment_intent", session["payment_intent"])
        change_amount(account, intent, total, currency)
