"""``/v1/radar/early_fraud_warnings``."""

from stripe.params import radar

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.lists import list_objects
from lumira.sandbox.payments.fraud_warnings import WARNING

routes = Routes()
URL = "/v1/radar/early_fraud_warnings"


@routes.add("GET", URL, radar.EarlyFraudWarningListParams)
def list_all(call: Call) -> Object:
    """List the account's early fraud warnings, newest first."""
    return list_objects(
        call.account, WARNING, URL, call.params, charge=call["charge"], payment_intent=call["payment_intent"]
    )


@routes.add("GET", URL + "/<id>", radar.EarlyFraudWarningRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one early fraud warning."""
    return call.account.get(WARNING, call.path["id"])
