"""``/v1/customers``."""

from typing import Any

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.customers import new_customer, write_customer
from lumira.sandbox.errors import no_such
from lumira.sandbox.events import emit
from lumira.sandbox.limits import check_description, check_email, check_metadata, check_texts
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/customers"


@routes.add("POST", URL, params.CustomerCreateParams)
def create(call: Call) -> Object:
    """Keep a new customer; the same e-mail may have several."""
    _check(call.params)
    return new_customer(call.account, call.params)


@routes.add("GET", URL, params.CustomerListParams)
def list_all(call: Call) -> Object:
    """The account's customers, newest first; ``email`` is compared to the letter, as Stripe does."""
    return list_objects(call.account, "customer", URL, call.params, email=call["email"])


@routes.add("GET", URL + "/<id>", params.CustomerRetrieveParams)
def retrieve(call: Call) -> Object:
    """One customer; of a deleted one only the fact."""
    return call.account.get("customer", call.path["id"])


@routes.add("POST", URL + "/<id>", params.CustomerUpdateParams)
def update(call: Call) -> Object:
    """Change a customer."""
    customer = _living(call)
    _check(call.params)
    return write_customer(call.account, customer, call.params)


@routes.add("DELETE", URL + "/<id>", params.CustomerDeleteParams)
def delete(call: Call) -> Object:
    """Delete a customer for good."""
    customer = _living(call)
    emit(call.account, "customer.deleted", customer)
    return call.account.save({"id": customer["id"], "object": "customer", "deleted": True})


def _living(call: Call) -> dict[str, Any]:
    customer = call.account.get("customer", call.path["id"])
    if customer.get("deleted"):
        raise no_such("customer", call.path["id"])
    return customer


def _check(sent: dict[str, Any]) -> None:
    check_email(sent.get("email"))
    check_metadata(sent.get("metadata"))
    check_description(sent.get("description"), longest=5000)
    check_description(sent.get("name"), "name", 256)
    check_description(sent.get("phone"), "phone", 20)
    check_texts(sent, "invoice_prefix", "business_name", "individual_name")
