"""Validation of a new Checkout Session, including parameters that the sandbox does not support."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.addresses import check_collection
from lumira.sandbox.checkout.errors import nested_in, unsupported
from lumira.sandbox.checkout.line_validation import check_lines
from lumira.sandbox.checkout.lines import total_of
from lumira.sandbox.errors import InvalidRequestError, missing_parameter
from lumira.sandbox.limits import (
    DESCRIPTOR_WITH_CARD,
    MINIMUM_AMOUNTS,
    check_amount,
    check_description,
    check_descriptor_suffix,
    check_email,
    check_metadata,
    check_texts,
    check_url,
    format_limit,
)
from lumira.sandbox.payments.intents import method_types

_DAY = 24 * 3600
_HALF_AN_HOUR = 30 * 60
_MAX_REFERENCE_LENGTH = 200
_SUPPORTED = frozenset((
    "allowed_payment_method_types", "cancel_url", "client_reference_id", "currency", "customer",
    "customer_creation", "customer_email", "excluded_payment_method_types", "expires_at",
    "integration_identifier", "line_items", "locale", "metadata", "mode", "origin_context",
    "payment_intent_data", "phone_number_collection", "shipping_address_collection", "submit_type",
    "success_url", "ui_mode",
))  # fmt: skip
#: Unsupported parameters are accepted with the value that switches them off.
_SWITCHED_OFF: dict[str, Any] = {
    "adaptive_pricing": {"enabled": False},
    "allow_promotion_codes": False,
    "automatic_tax": {"enabled": False},
    "billing_address_collection": "auto",
    "invoice_creation": {"enabled": False},
    "tax_id_collection": {"enabled": False},
}


def check_new_session(account: Account, sent: dict[str, Any]) -> list[str]:
    """Validate the parameters and set defaults; return the session's payment method types."""
    _check_supported(sent)
    _check_addresses(sent)
    check_collection(sent)
    _check_buyer(account, sent)
    _check_texts(sent)
    check_lines(account, sent)
    _check_total(sent)
    _check_expiry(account, sent)
    return _types(account, sent)


def _check_supported(sent: dict[str, Any]) -> None:
    if "mode" not in sent:
        raise missing_parameter("mode")
    if sent["mode"] != "payment":
        raise unsupported("mode", f"`{sent['mode']}` mode")
    if sent.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported("ui_mode", f"the ui_mode `{sent['ui_mode']}`")
    for name, value in sent.items():
        if name not in _SUPPORTED and (name not in _SWITCHED_OFF or value != _SWITCHED_OFF[name]):
            raise unsupported(name, f"`{name}`")


def _check_addresses(sent: dict[str, Any]) -> None:
    if "success_url" not in sent:
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in sent:
            check_url(sent[name], name)
    check_texts(sent, "success_url", "cancel_url")


def _check_buyer(account: Account, sent: dict[str, Any]) -> None:
    for other in ("customer_email", "customer_creation"):
        if "customer" in sent and other in sent:
            raise InvalidRequestError(
                f"You may only specify one of these parameters: customer, {other}.", param="customer"
            )
    if "customer" in sent:
        account.get("customer", sent["customer"], param="customer")
    account.check_email(sent.get("customer_email"), "customer_email")


def _check_texts(sent: dict[str, Any]) -> None:
    check_description(sent.get("client_reference_id"), "client_reference_id", _MAX_REFERENCE_LENGTH)
    check_texts(sent, "integration_identifier")
    check_metadata(sent.get("metadata"))
    data = sent.get("payment_intent_data") or {}
    with nested_in("payment_intent_data"):
        if data.get("statement_descriptor"):
            raise InvalidRequestError(DESCRIPTOR_WITH_CARD, param="statement_descriptor")
        check_descriptor_suffix(data.get("statement_descriptor_suffix"))
        check_metadata(data.get("metadata"))
        check_description(data.get("description"))
        check_email(data.get("receipt_email"), "receipt_email")
        check_texts(data, "transfer_group", "on_behalf_of")


def _check_total(sent: dict[str, Any]) -> None:
    """Check that the total is zero or within Stripe's limits."""
    total, currency = total_of(sent["line_items"]), sent["currency"]
    minimum = MINIMUM_AMOUNTS.get(currency, 1)
    if 0 < total < minimum:
        raise InvalidRequestError(
            "The Checkout Session's total amount due must add up to at least "
            f"{format_limit(minimum, currency)}",
            code="amount_too_small",
            param="line_items",
        )
    if total:
        try:
            check_amount(total, currency)
        except InvalidRequestError as error:
            error.param = "line_items"
            raise


def _check_expiry(account: Account, sent: dict[str, Any]) -> None:
    lifetime = sent.setdefault("expires_at", account.now + _DAY) - account.now
    if lifetime < _HALF_AN_HOUR:
        raise _expiry_error("at least 30 minutes")
    if lifetime > _DAY:
        raise _expiry_error("less than 24 hours")


def _expiry_error(bound: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The `expires_at` timestamp must be {bound} from Checkout Session creation.", param="expires_at"
    )


def _types(account: Account, sent: dict[str, Any]) -> list[str]:
    types = method_types(account, sent, sent["currency"])
    if (sent.get("payment_intent_data") or {}).get("capture_method") == "manual":
        # Only a card can be authorised first and charged later.
        types = [kind for kind in types if kind == "card"]
    if not types:
        raise InvalidRequestError(
            "No valid payment method types for this Checkout Session. Please ensure that you have activated "
            "payment methods compatible with your chosen currency in your dashboard "
            "(https://dashboard.stripe.com/settings/payment_methods) or specify payment_method_types.",
            param="allowed_payment_method_types",
        )
    return types
