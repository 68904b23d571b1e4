"""``/v1/balance_transactions``."""

from stripe import params

from lumira.sandbox.balance.transactions import KIND
from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/balance_transactions"


@routes.add("GET", URL, params.BalanceTransactionListParams)
def list_all(call: Call) -> Object:
    """List the account's balance transactions, newest first; with ``payout``, those of one automatic payout."""
    if call["payout"] is not None:
        call.account.get("payout", call["payout"], param="payout")
    return list_objects(
        call.account,
        KIND,
        URL,
        call.params,
        currency=call["currency"],
        source=call["source"],
        type=call["type"],
        _payout=call["payout"],
    )


@routes.add("GET", URL + "/<id>", params.BalanceTransactionRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one balance transaction."""
    return call.account.get(KIND, call.path["id"])
