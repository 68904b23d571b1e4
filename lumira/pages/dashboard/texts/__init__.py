"""The texts of the dashboard in both languages, one module a page.

Each module has `TEXTS`: for each language what its templates show, as `texts.<page>.<name>`, and as `messages` what is
shown after an action.
"""

from typing import Any

from lumira.models import Language
from lumira.pages.dashboard.texts import (
    account,
    accounting,
    alerts,
    audit,
    board,
    catalog,
    crm,
    customer,
    customers,
    deliverables,
    delivery,
    differences,
    disputes,
    entries,
    errors,
    evidence,
    groups,
    health,
    installation,
    keys,
    layout,
    messages,
    order,
    orders,
    overview,
    payouts,
    product,
    program_errors,
    promotions,
    sale_rules,
    set_up,
    settings,
    shipments,
    sign_in,
    team,
    validation,
    webhooks,
    withdrawals,
)

#: The pages by the name under which templates find their texts.
_PAGES: dict[str, dict[Language, dict[str, Any]]] = {
    "account": account.TEXTS,
    "accounting": accounting.TEXTS,
    "alerts": alerts.TEXTS,
    "audit": audit.TEXTS,
    "board": board.TEXTS,
    "groups": groups.TEXTS,
    "health": health.TEXTS,
    "installation": installation.TEXTS,
    "deliverables": deliverables.TEXTS,
    "delivery": delivery.TEXTS,
    "differences": differences.TEXTS,
    "disputes": disputes.TEXTS,
    "evidence": evidence.TEXTS,
    "entries": entries.TEXTS,
    "keys": keys.TEXTS,
    "catalog": catalog.TEXTS,
    "crm": crm.TEXTS,
    "customer": customer.TEXTS,
    "customers": customers.TEXTS,
    "layout": layout.TEXTS,
    "messages": messages.TEXTS,
    "order": order.TEXTS,
    "orders": orders.TEXTS,
    "overview": overview.TEXTS,
    "payouts": payouts.TEXTS,
    "product": product.TEXTS,
    "program_errors": program_errors.TEXTS,
    "promotions": promotions.TEXTS,
    "sale_rules": sale_rules.TEXTS,
    "settings": settings.TEXTS,
    "set_up": set_up.TEXTS,
    "shipments": shipments.TEXTS,
    "sign_in": sign_in.TEXTS,
    "team": team.TEXTS,
    "validation": validation.TEXTS,
    "webhooks": webhooks.TEXTS,
    "withdrawals": withdrawals.TEXTS,
}

TEXTS: dict[Language, dict[str, dict[str, Any]]] = {
    language: {name: page[language] for name, page in _PAGES.items()} for language in Language
}
#: What an operator reads about an error, by the name of its class.
ERRORS = errors.ERRORS
