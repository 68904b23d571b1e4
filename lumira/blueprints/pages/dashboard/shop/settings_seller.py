"""The legal lines of the seller, with a preview of the head of a receipt."""

from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.shop.settings_forms import changed_meanwhile, form_page, refused, seen
from lumira.documents.seller_lines import seller_lines
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import CatalogError
from lumira.pages.dashboard.settings_page import SELLER, seller_table, seller_values
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import TenantSettings, view_settings

_NAMES = ("seller",)


@dashboard.page("/settings/seller", may=Role.OWNER)
def show() -> Response:
    """The form with the lines that count now, and the head of a receipt."""
    view = view_settings(visit.shop().tenant_id)
    return _form_page(seller_values(view.tenant.seller), view)


@dashboard.page("/settings/seller", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Show the head of a receipt with the entered lines, or save them: they count for documents issued from now on."""
    tenant_id = visit.shop().tenant_id
    view = view_settings(tenant_id)
    entered = {name: request.form.get(name, "").strip() for name in SELLER}
    try:
        values = parse_tenant_values({"seller": seller_table(entered)}, _NAMES)
    except CatalogError as error:
        return _form_page(entered, view, **refused(error))
    if "preview" in request.form:
        return _form_page(entered, view, seller=values["seller"])
    try:
        is_changed = edit_settings(tenant_id, values, actor=visit.operator().actor, seen=seen())
    except ChangedMeanwhile:
        view = view_settings(tenant_id)
        stored = seller_values(view.tenant.seller)
        return _form_page(entered, view, **changed_meanwhile(entered, stored, names=_NAMES, view=view))
    return done("settings.saved_seller" if is_changed else "settings.unchanged", to=_path())


def _form_page(entered: dict[str, str], view: TenantSettings, **context: Any) -> Response:
    seller = context.pop("seller", view.tenant.seller)
    return form_page(
        "settings_seller.html.jinja",
        entered=entered,
        names=_NAMES,
        view=view,
        lines=seller_lines(seller, language()) if seller else None,
        note=seller.get("vat_note") if seller else None,
        path=_path(),
        **context,
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/seller"
