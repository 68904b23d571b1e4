"""Customer objects, created by the account's own call or by a Checkout Session's page."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import random_id
from lumira.sandbox.limits import merged_metadata

_WRITABLE = (
    "address", "balance", "business_name", "description", "email", "individual_name", "name",
    "next_invoice_sequence", "phone", "preferred_locales", "shipping", "tax_exempt", "invoice_prefix",
)  # fmt: skip
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_EMPTY = (
    "address", "business_name", "currency", "customer_account", "default_source", "description", "discount",
    "email", "individual_name", "name", "phone", "shipping", "test_clock",
)  # fmt: skip


def new_customer(account: Account, sent: dict[str, Any]) -> dict[str, Any]:
    """Store a new customer and emit its event; several customers may have the same e-mail address."""
    customer: dict[str, Any] = {
        "id": random_id("cus", 14),
        "object": "customer",
        **dict.fromkeys(_EMPTY),
        "balance": 0,
        "created": account.now,
        "delinquent": False,
        "invoice_prefix": random_id("", 8)[1:].upper(),
        "invoice_settings": dict.fromkeys(
            ("custom_fields", "default_payment_method", "footer", "rendering_options")
        ),
        "livemode": False,
        "metadata": merged_metadata({}, sent.get("metadata")),
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
    _write(customer, sent)
    account.add(customer)
    emit(account, "customer.created", customer)
    return customer


def write_customer(account: Account, customer: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Update a customer, and emit an event if a value changed."""
    before = dict(customer)
    _write(customer, sent)
    customer["metadata"] = merged_metadata(customer["metadata"], sent.get("metadata"))
    previous = changed(before, customer)
    account.save(customer)
    if previous:
        emit(account, "customer.updated", customer, previous)
    return customer


def _write(customer: dict[str, Any], sent: dict[str, Any]) -> None:
    for name in _WRITABLE:
        if name in sent:
            customer[name] = None if sent[name] == "" else sent[name]
    if customer["address"] is not None:
        customer["address"] = {**dict.fromkeys(_ADDRESS), **customer["address"]}
