"""One file a resource; each states its addresses beside the functions that answer them."""

from lumira.sandbox.calls import Route
from lumira.sandbox.resources import (
    accounts,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    webhook_endpoints,
)

ROUTES: list[Route] = [
    route
    for resource in (
        accounts,
        charges,
        checkout_sessions,
        customers,
        disputes,
        events,
        payment_intents,
        payment_methods,
        refunds,
        webhook_endpoints,
    )
    for route in resource.routes.all
]
