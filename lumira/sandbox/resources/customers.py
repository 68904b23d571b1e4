"""``/v1/customers``."""

from typing import Any

from stripe import params

from lumira.sandbox.account import Account
from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.customers import new_customer, write_customer
from lumira.sandbox.errors import no_such_object
from lumira.sandbox.events import emit
from lumira.sandbox.limits import check_description, check_metadata, check_texts
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/customers"


@routes.add("POST", URL, params.CustomerCreateParams)
def create(call: Call) -> Object:
    """Create a customer; several may have the same e-mail address."""
    _check(call.account, call.params)
    return new_customer(call.account, call.params)


@routes.add("GET", URL, params.CustomerListParams)
def list_all(call: Call) -> Object:
    """List the account's customers, newest first; as at Stripe, ``email`` is compared case-sensitively."""
    return list_objects(call.account, "customer", URL, call.params, email=call["email"])


@routes.add("GET", URL + "/<id>", params.CustomerRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one customer; a deleted one has only its id and ``deleted``."""
    return call.account.get("customer", call.path["id"])


@routes.add("POST", URL + "/<id>", params.CustomerUpdateParams)
def update(call: Call) -> Object:
    """Update a customer."""
    customer = _get_existing(call)
    _check(call.account, call.params)
    return write_customer(call.account, customer, call.params)


@routes.add("DELETE", URL + "/<id>", params.CustomerDeleteParams)
def delete(call: Call) -> Object:
    """Delete a customer."""
    customer = _get_existing(call)
    emit(call.account, "customer.deleted", customer)
    return call.account.save({"id": customer["id"], "object": "customer", "deleted": True})


def _get_existing(call: Call) -> dict[str, Any]:
    customer = call.account.get("customer", call.path["id"])
    if customer.get("deleted"):
        raise no_such_object("customer", call.path["id"])
    return customer


def _check(account: Account, sent: dict[str, Any]) -> None:
    account.check_email(sent.get("email"))
    check_metadata(sent.get("metadata"))
    check_description(sent.get("description"), max_length=5000)
    check_description(sent.get("name"), "name", 256)
    check_description(sent.get("phone"), "phone", 20)
    check_texts(sent, "invoice_prefix", "business_name", "individual_name")
