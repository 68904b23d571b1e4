"""``/v1/customers``."""

from typing import Any

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import no_such
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import random_id
from lumira.sandbox.limits import check_description, check_email, check_metadata, check_texts, merged_metadata
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/customers"
_WRITABLE = (
    "address", "balance", "business_name", "description", "email", "individual_name", "name",
    "next_invoice_sequence", "phone", "preferred_locales", "shipping", "tax_exempt", "invoice_prefix",
)  # fmt: skip
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


@routes.add("POST", URL, params.CustomerCreateParams)
def create(call: Call) -> Object:
    """Keep a new customer; the same e-mail may have several."""
    _check(call.params)
    customer: Object = {
        "id": random_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": call.books.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": random_id("", 8)[1:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": merged_metadata({}, call["metadata"]),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _write(customer, call.params)
    call.books.add(customer)
    emit(call.books, "customer.created", customer)
    return customer


@routes.add("GET", URL, params.CustomerListParams)
def list_all(call: Call) -> Object:
    """The account's customers, newest first; ``email`` is compared to the letter, as Stripe does."""
    return list_objects(call.books, "customer", URL, call.params, email=call["email"])


@routes.add("GET", URL + "/<id>", params.CustomerRetrieveParams)
def retrieve(call: Call) -> Object:
    """One customer; of a deleted one only the fact."""
    return call.books.get("customer", call.path["id"])


@routes.add("POST", URL + "/<id>", params.CustomerUpdateParams)
def update(call: Call) -> Object:
    """Change a customer."""
    customer = _living(call)
    before = dict(customer)
    _check(call.params)
    _write(customer, call.params)
    customer["metadata"] = merged_metadata(customer["metadata"], call["metadata"])
    previous = changed(before, customer)
    call.books.save(customer)
    if previous:
        emit(call.books, "customer.updated", customer, previous)
    return customer


@routes.add("DELETE", URL + "/<id>", params.CustomerDeleteParams)
def delete(call: Call) -> Object:
    """Delete a customer for good."""
    customer = _living(call)
    emit(call.books, "customer.deleted", customer)
    return call.books.save({"id": customer["id"], "object": "customer", "deleted": True})


def _living(call: Call) -> dict[str, Any]:
    customer = call.books.get("customer", call.path["id"])
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


def _write(customer: dict[str, Any], sent: dict[str, Any]) -> None:
    for name in _WRITABLE:
        if name in sent:
            customer[name] = None if sent[name] == "" else sent[name]
    if customer["address"] is not None:
        customer["address"] = {**dict.fromkeys(_ADDRESS), **customer["address"]}
