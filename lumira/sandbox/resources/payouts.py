"""``/v1/payouts``."""

from stripe import params

from lumira.sandbox.balance.payouts import PAYOUT
from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/payouts"


@routes.add("GET", URL, params.PayoutListParams)
def list_all(call: Call) -> Object:
    """List the account's payouts, newest first."""
    return list_objects(
        call.account, PAYOUT, URL, call.params, status=call["status"], destination=call["destination"]
    )


@routes.add("GET", URL + "/<id>", params.PayoutRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one payout."""
    return call.account.get(PAYOUT, call.path["id"])
