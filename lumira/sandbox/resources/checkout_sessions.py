"""``/v1/checkout/sessions``."""

from stripe.params import checkout as params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.checkout.expiry import expire as expire_session
from lumira.sandbox.checkout.sessions import KIND, line_items, new_session
from lumira.sandbox.checkout.validation import check_new_session
from lumira.sandbox.errors import InvalidRequestError
from lumira.sandbox.limits import check_metadata, merged_metadata
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/checkout/sessions"


@routes.add("POST", URL, params.SessionCreateParams)
def create(call: Call) -> Object:
    """Create a session; its PaymentIntent is created at the buyer's first attempt to pay."""
    types = check_new_session(call.account, call.params)
    customer = call.account.get("customer", call["customer"]) if call["customer"] else None
    return new_session(call.account, call.params, types=types, customer=customer)


@routes.add("GET", URL, params.SessionListParams)
def list_all(call: Call) -> Object:
    """List the account's sessions, newest first."""
    names = ("customer", "customer_account", "payment_intent", "payment_link", "status", "subscription")
    filters = {name: call[name] for name in names}
    filters["customer_details.email"] = (call["customer_details"] or {}).get("email")
    return list_objects(call.account, KIND, URL, call.params, **filters)


@routes.add("GET", URL + "/<id>", params.SessionRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one session; its line items are included only where they are expanded."""
    return call.account.get(KIND, call.path["id"])


@routes.add("POST", URL + "/<id>", params.SessionUpdateParams)
def update(call: Call) -> Object:
    """Update a session's metadata; other fields can be updated only with an unsupported ``ui_mode``."""
    session = call.account.get(KIND, call.path["id"])
    for name in call.params:
        if name not in ("metadata", "expand"):
            raise InvalidRequestError(
                f"`{name}` can only be updated on Checkout Sessions with a ui_mode other than `hosted_page`.",
                param=name,
            )
    check_metadata(call["metadata"])
    session["metadata"] = merged_metadata(session["metadata"], call["metadata"])
    return call.account.save(session)


@routes.add("GET", URL + "/<id>/line_items", params.SessionListLineItemsParams)
def list_line_items(call: Call) -> Object:
    """List a session's line items, in the order of the request."""
    return line_items(call.account.get(KIND, call.path["id"]), call.params)


@routes.add("POST", URL + "/<id>/expire", params.SessionExpireParams)
def expire(call: Call) -> Object:
    """Expire an open session."""
    return expire_session(call.account, call.account.get(KIND, call.path["id"]))
