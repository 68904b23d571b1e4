"""The permissions of a restricted key that Lumira uses, as docs/operations.md lists them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission, and the calls that Stripe refuses without it and that change nothing."""

    #: Its name in Stripe's Dashboard.
    name: str
    #: The part of the code of its finding that names it.
    code: str
    #: Methods and paths. A POST names an object that cannot exist: with the permission it is not found.
    probes: tuple[tuple[str, str], ...]
    #: Without it nothing can be sold in one of the ways.
    stops_sales: bool = False


PERMISSIONS = (
    Permission(
        "PaymentIntents: write",
        "payment_intents",
        (("post", "/v1/payment_intents/pi_lumira_doctor/cancel"),),
        stops_sales=True,
    ),
    Permission(
        "Checkout Sessions: write",
        "checkout_sessions",
        (("post", "/v1/checkout/sessions/cs_lumira_doctor/expire"),),
        stops_sales=True,
    ),
    Permission("Customers: write", "customers", (("post", "/v1/customers/cus_lumira_doctor"),)),
    Permission(
        "Charges and refunds: write",
        "charges",
        (("post", "/v1/refunds/re_lumira_doctor"), ("get", "/v1/charges?limit=1")),
    ),
    Permission(
        "Disputes: write",
        "disputes",
        (("post", "/v1/disputes/du_lumira_doctor"), ("get", "/v1/disputes?limit=1")),
    ),
    Permission(
        "Early fraud warnings: read", "fraud_warnings", (("get", "/v1/radar/early_fraud_warnings?limit=1"),)
    ),
    Permission(
        "Balance transaction sources: read",
        "balance_transactions",
        (("get", "/v1/balance_transactions?limit=1"),),
    ),
    Permission("Payouts: read", "payouts", (("get", "/v1/payouts?limit=1"),)),
    Permission("Events: read", "events", (("get", "/v1/events?limit=1"),)),
    Permission(
        "Webhook endpoints: write", "webhook_endpoints", (("post", "/v1/webhook_endpoints/we_lumira_doctor"),)
    ),
    Permission(
        "Payment method domains: write",
        "domains",
        (("post", "/v1/payment_method_domains/pmd_lumira_doctor"),),
    ),
)
