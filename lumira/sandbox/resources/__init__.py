"""One module per resource; each registers its routes beside the functions that handle them."""

from lumira.sandbox.calls import Route
from lumira.sandbox.resources import (
    accounts,
    balance_transactions,
    charges,
    checkout_sessions,
    customers,
    disputes,
    early_fraud_warnings,
    events,
    payment_intents,
    payment_method_domains,
    payment_methods,
    payouts,
    refunds,
    webhook_endpoints,
)

ROUTES: list[Route] = [
    route
    for resource in (
        accounts,
        balance_transactions,
        charges,
        checkout_sessions,
        customers,
        disputes,
        early_fraud_warnings,
        events,
        payment_intents,
        payment_method_domains,
        payment_methods,
        payouts,
        refunds,
        webhook_endpoints,
    )
    for route in resource.routes.all
]
