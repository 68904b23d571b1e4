"""`/dashboard`: the pages of the operators. Importing them registers their routes, each with who may open it."""

from lumira.blueprints.pages.dashboard import assets, confirm, entrance, errors, guard
from lumira.blueprints.pages.dashboard.access import account, set_up, sign_in
from lumira.blueprints.pages.dashboard.buyers import customer, customer_merge, customer_privacy, customers
from lumira.blueprints.pages.dashboard.finance import accounting, payouts
from lumira.blueprints.pages.dashboard.operation import (
    alerts,
    audit,
    board,
    health,
    installation,
    messages,
    overview,
    program_errors,
    webhooks,
)
from lumira.blueprints.pages.dashboard.products import (
    catalog,
    groups,
    product,
    product_contents,
    product_entries,
    product_image,
    promotions,
)
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales import (
    deliverables,
    dispute_response,
    disputes,
    order,
    order_actions,
    order_delivery,
    order_refund,
    orders,
    packing_slips,
    shipment_tracking,
    shipments,
    withdrawals,
)
from lumira.blueprints.pages.dashboard.shop import (
    crm_records,
    differences,
    keys,
    settings,
    settings_brand,
    settings_crm,
    settings_crm_notifications,
    settings_domains,
    settings_sales,
    settings_seller,
    settings_team_webhook,
    settings_zones,
    team,
)

errors.register_handlers(dashboard)

#: Named here, so that importing a page for its routes is no unused import.
PAGES = (
    account,
    accounting,
    alerts,
    assets,
    audit,
    board,
    catalog,
    confirm,
    crm_records,
    customer,
    customer_merge,
    customer_privacy,
    customers,
    deliverables,
    differences,
    dispute_response,
    disputes,
    entrance,
    groups,
    guard,
    health,
    installation,
    keys,
    messages,
    order,
    order_actions,
    order_delivery,
    order_refund,
    orders,
    overview,
    packing_slips,
    payouts,
    product,
    product_contents,
    product_entries,
    product_image,
    program_errors,
    promotions,
    set_up,
    settings,
    settings_brand,
    settings_crm,
    settings_crm_notifications,
    settings_domains,
    settings_sales,
    settings_seller,
    settings_team_webhook,
    settings_zones,
    shipment_tracking,
    shipments,
    sign_in,
    team,
    webhooks,
    withdrawals,
)

__all__ = ["PAGES", "dashboard", "guard"]
