"""Checkout Session objects: their fields and the URL of their page."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.lines import new_lines
from lumira.sandbox.ids import random_id
from lumira.sandbox.limits import merged_metadata
from lumira.sandbox.lists import items_page

KIND = "checkout.session"
#: The path of a session's page.
PAGE = "/c/pay/"
#: The path, below the page, to which the bank redirects the buyer after authentication.
RETURN = "/return"
#: The kind of task that expires an open session.
EXPIRES = "checkout_session_expires"

_EMPTY = (
    "after_expiration", "client_secret", "collected_information", "consent", "consent_collection",
    "currency_conversion", "customer_account", "invoice", "managed_payments", "name_collection",
    "optional_items", "payment_intent", "payment_link", "payment_method_configuration_details", "permissions",
    "presentment_details", "recovered_from", "redirect_on_completion", "return_url",
    "saved_payment_method_options", "setup_intent", "shipping_cost",
    "subscription", "wallet_options",
)  # fmt: skip
#: Copied from the request, or null.
_COPIED = (
    "allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection", "cancel_url",
    "client_reference_id", "customer", "customer_email", "excluded_payment_method_types",
    "integration_identifier", "locale", "origin_context", "shipping_address_collection", "submit_type",
    "success_url",
)  # fmt: skip
_INVOICE_DATA = (
    "account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options",
)  # fmt: skip


def new_session(
    account: Account, sent: dict[str, Any], *, types: list[str], customer: dict[str, Any] | None
) -> dict[str, Any]:
    """Store a new open session; the caller has validated the parameters."""
    identifier = "cs_test_a1" + random_id("", 57)[1:]
    lines = new_lines(account, sent["line_items"])
    total = sum(line["amount_total"] for line in lines)
    session = {
        "id": identifier,
        "object": KIND,
        **dict.fromkeys(_EMPTY),
        **{name: sent.get(name) for name in _COPIED},
        **_switched_off(account),
        "_lines": lines,
        "_payment_intent_data": sent.get("payment_intent_data") or {},
        "amount_subtotal": total,
        "amount_total": total,
        "created": account.now,
        "currency": sent["currency"],
        "customer_creation": None if customer else sent.get("customer_creation", "if_required"),
        "customer_details": None,
        "expires_at": sent["expires_at"],
        "livemode": False,
        "metadata": merged_metadata({}, sent.get("metadata")),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": types,
        "payment_status": "unpaid",
        "phone_number_collection": sent.get("phone_number_collection") or {"enabled": False},
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": account.base_url + PAGE + identifier,
    }
    email = known_email(session, customer)
    if email:
        session["customer_details"] = buyer(email, (customer or {}).get("name"))
    account.schedule(EXPIRES, identifier, after_seconds=session["expires_at"] - account.now)
    return account.add(session)


def line_items(session: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return one page of a session's line items."""
    return items_page(
        session["_lines"], f"/v1/checkout/sessions/{session['id']}/line_items", params, kind="item"
    )


def known_email(session: dict[str, Any], customer: dict[str, Any] | None) -> str | None:
    """Return the buyer's e-mail address if the account set it; the page then does not ask for one."""
    return session["customer_email"] or (customer or {}).get("email")


def buyer(email: str, name: str | None) -> dict[str, Any]:
    """Return the ``customer_details`` of a session."""
    empty = ("address", "business_name", "individual_name", "phone", "tax_ids")
    return {**dict.fromkeys(empty), "email": email, "name": name, "tax_exempt": "none"}


def _switched_off(account: Account) -> dict[str, Any]:
    """Return the fields of unsupported features, with Stripe's default values."""
    return {
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "branding_settings": {
            "background_color": "#ffffff",
            "border_style": "rounded",
            "button_color": "#0074d4",
            "display_name": account.settings.get("name", "sandbox"),
            "font_family": "default",
            "icon": None,
            "logo": None,
        },
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "discounts": [],
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {**dict.fromkeys(_INVOICE_DATA), "metadata": {}},
        },
        "shipping_options": [],
        "tax_id_collection": {"enabled": False, "required": "never"},
    }
