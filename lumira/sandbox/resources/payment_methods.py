"""``/v1/payment_methods``."""

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.limits import check_email, check_metadata
from lumira.sandbox.payments.instruments import NAMED
from lumira.sandbox.payments.methods import get_payment_method, payment_method_from_params

routes = Routes()
URL = "/v1/payment_methods"


@routes.add("POST", URL, params.PaymentMethodCreateParams)
def create(call: Call) -> Object:
    """Create a payment method from test numbers."""
    check_metadata(call["metadata"])
    check_email((call["billing_details"] or {}).get("email"), "billing_details[email]")
    return payment_method_from_params(call.account, call.params)


@routes.add("GET", URL + "/<id>", params.PaymentMethodRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one payment method; one of Stripe's test names creates a new one."""
    if call.path["id"] in NAMED:
        return get_payment_method(call.account, call.path["id"])
    return call.account.get("payment_method", call.path["id"])
