"""`/dashboard`: the pages of the operators. Importing them registers their routes, each with who may open it."""

from lumira.blueprints.pages.dashboard import (
    account,
    alerts,
    assets,
    catalog,
    confirm,
    customer,
    customer_merge,
    customer_privacy,
    customers,
    deliverables,
    entrance,
    errors,
    guard,
    health,
    installation,
    keys,
    messages,
    order,
    order_actions,
    order_refund,
    orders,
    overview,
    set_up,
    settings,
    sign_in,
    team,
    webhooks,
    withdrawals,
)
from lumira.blueprints.pages.dashboard.routing import dashboard

errors.register_handlers(dashboard)

#: Named here, so that importing a page for its routes is no unused import.
PAGES = (
    account,
    alerts,
    assets,
    catalog,
    confirm,
    customer,
    customer_merge,
    customer_privacy,
    customers,
    deliverables,
    entrance,
    guard,
    health,
    installation,
    keys,
    messages,
    order,
    order_actions,
    order_refund,
    orders,
    overview,
    set_up,
    settings,
    sign_in,
    team,
    webhooks,
    withdrawals,
)

__all__ = ["PAGES", "dashboard", "guard"]
