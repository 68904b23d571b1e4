"""A shop's rules of sale: payment page, terms, withdrawals, shipping, failed payments, bank statement, time zone."""

from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.shop.settings_forms import changed_meanwhile, form_page, refused, seen
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import CatalogError
from lumira.pages.dashboard.settings_page import (
    SALE_RULES,
    SALE_SWITCHES,
    SALES,
    sale_table,
    sale_values,
    zones_shown,
)
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import TenantSettings, view_settings


@dashboard.page("/settings/sales", may=Role.OWNER)
def show() -> Response:
    """The form with the rules that count now."""
    view = view_settings(visit.shop().tenant_id)
    return _form_page(sale_values(view.tenant), view)


@dashboard.page("/settings/sales", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Save the rules: orders keep the periods and terms with which they were opened."""
    tenant_id = visit.shop().tenant_id
    view = view_settings(tenant_id)
    entered = {name: request.form.get(name, "").strip() for name in SALES}
    try:
        values = parse_tenant_values(sale_table(entered), SALES)
        is_changed = edit_settings(tenant_id, values, actor=visit.operator().actor, seen=seen())
    except CatalogError as error:
        return _form_page(entered, view, **refused(error))
    except ChangedMeanwhile:
        view = view_settings(tenant_id)
        stored = sale_values(view.tenant)
        return _form_page(entered, view, **changed_meanwhile(entered, stored, names=SALES, view=view))
    return done("settings.saved_sales" if is_changed else "settings.unchanged", to=_path())


def _form_page(entered: dict[str, str], view: TenantSettings, **context: Any) -> Response:
    return form_page(
        "settings_sales.html.jinja",
        entered=entered,
        names=SALES,
        view=view,
        groups=SALE_RULES,
        switches=SALE_SWITCHES,
        zones=zones_shown(view.tenant, language()),
        currency=view.tenant.currency,
        path=_path(),
        **context,
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/sales"
