"""The brand of a shop: its name, colours and addresses, with a preview of a page and of an e-mail."""

from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.shop.settings_forms import changed_meanwhile, form_page, refused, seen
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import CatalogError
from lumira.pages.dashboard.settings_page import BRAND, BrandPreview, brand_table, brand_values
from lumira.pages.dashboard.texts import TEXTS
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import TenantSettings, view_settings


@dashboard.page("/settings/brand", may=Role.OWNER)
def show() -> Response:
    """The form with the values that count now, and how they look."""
    view = view_settings(visit.shop().tenant_id)
    return _form_page(brand_values(view.tenant), view)


@dashboard.page("/settings/brand", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Show how the entered values look, or save them."""
    tenant_id = visit.shop().tenant_id
    view = view_settings(tenant_id)
    entered = {name: request.form.get(name, "").strip() for name in BRAND}
    try:
        values = parse_tenant_values(brand_table(entered), BRAND)
    except CatalogError as error:
        return _form_page(entered, view, **refused(error))
    if view.tenant.alert_email is not None and values["alert_email"] is None:
        # It can be replaced, not removed: alerts would reach no one.
        missing = TEXTS[language()]["validation"]["rules"]["empty"]
        return _form_page(entered, view, errors={"alert_email": missing}, problem="invalid")
    if "preview" in request.form:
        return _form_page(entered, view, preview=BrandPreview.with_values(values, view.tenant))
    try:
        is_changed = edit_settings(tenant_id, values, actor=visit.operator().actor, seen=seen())
    except ChangedMeanwhile:
        view = view_settings(tenant_id)
        stored = brand_values(view.tenant)
        return _form_page(entered, view, **changed_meanwhile(entered, stored, names=BRAND, view=view))
    return done("settings.saved" if is_changed else "settings.unchanged", to=_path())


def _form_page(entered: dict[str, str], view: TenantSettings, **context: Any) -> Response:
    context = {"preview": BrandPreview.of(view.tenant)} | context
    return form_page(
        "settings_brand.html.jinja", entered=entered, names=BRAND, view=view, path=_path(), **context
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/brand"
