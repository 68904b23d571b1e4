"""Permissions of restricted API keys, by resource: ``customers:write`` includes ``customers:read``."""

from lumira.sandbox.errors import ForbiddenError

#: The resources of the API, and Stripe's names of their permissions, as in ``rak_customer_write``.
_STRIPE_NAMES = {
    "account": "accounts_kyc_basic",
    "balance_transactions": "balance_transaction_source",
    "charges": "charge",
    "checkout_sessions": "checkout_session",
    "customers": "customer",
    "disputes": "dispute",
    "early_fraud_warnings": "early_fraud_warning",
    "events": "event",
    "payment_intents": "payment_intent",
    "payment_method_domains": "payment_method_domain",
    "payment_methods": "payment_method",
    "payouts": "payout",
    "refunds": "refund",
    "webhook_endpoints": "webhook",
}
PERMISSIONS = frozenset(f"{resource}:{access}" for resource in _STRIPE_NAMES for access in ("read", "write"))


def check_permission(
    permissions: frozenset[str], method: str, path: str, *, masked_key: str, account_id: str
) -> None:
    """Raise ``ForbiddenError`` (403), which names the missing permission, unless the request is permitted."""
    resource = _resource_of(path)
    is_read = method in ("GET", "HEAD")
    if f"{resource}:write" in permissions or (is_read and f"{resource}:read" in permissions):
        return
    missing = f"rak_{_STRIPE_NAMES[resource]}_{'read' if is_read else 'write'}"
    raise ForbiddenError(
        f"The provided key '{masked_key}' does not have the required permissions for this endpoint on account "
        f"'{account_id}'. Having the '{missing}' permission would allow this request to continue."
    )


def _resource_of(path: str) -> str:
    """Return the resource of a known API path, such as ``checkout_sessions``."""
    first, *rest = path.removeprefix("/v1/").split("/")
    if first == "radar":
        return rest[0]
    return f"{first}_{rest[0]}" if first == "checkout" else first
