"""``/v1/charges``."""

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/charges"


@routes.add("GET", URL, params.ChargeListParams)
def list_all(call: Call) -> Object:
    """List the account's charges, newest first."""
    return list_objects(
        call.account,
        "charge",
        URL,
        call.params,
        payment_intent=call["payment_intent"],
        customer=call["customer"],
    )


@routes.add("GET", URL + "/<id>", params.ChargeRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one charge."""
    return call.account.get("charge", call.path["id"])
