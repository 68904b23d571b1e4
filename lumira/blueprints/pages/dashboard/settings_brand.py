"""The brand of a shop: its name, colours and addresses, with a preview of a page and of an e-mail."""

from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import CatalogError
from lumira.pages.dashboard.settings_page import BRAND, BrandPreview, brand_table, brand_values
from lumira.pages.dashboard.texts import TEXTS
from lumira.pages.dashboard.validation import invalid_fields
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import view_settings


@dashboard.page("/settings/brand", may=Role.OWNER)
def show() -> Response:
    """The form with the values that count now, and how they look."""
    tenant = view_settings(visit.shop().tenant_id).tenant
    return _form_page(brand_values(tenant), BrandPreview.of(tenant))


@dashboard.page("/settings/brand", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Show how the entered values look, or save them."""
    stored = view_settings(visit.shop().tenant_id).tenant
    entered = {name: request.form.get(name, "").strip() for name in BRAND}
    try:
        values = parse_tenant_values(brand_table(entered), BRAND)
    except CatalogError as error:
        return _form_page(entered, BrandPreview.of(stored), invalid_fields(error, language()))
    if stored.alert_email is not None and values["alert_email"] is None:
        # It can be replaced, not removed: alerts would reach no one.
        missing = TEXTS[language()]["validation"]["rules"]["empty"]
        return _form_page(entered, BrandPreview.of(stored), {"alert_email": missing})
    if "preview" in request.form:
        return _form_page(entered, BrandPreview.with_values(values, stored))
    is_changed = edit_settings(visit.shop().tenant_id, values, actor=visit.operator().actor)
    return done("settings.saved" if is_changed else "settings.unchanged", to=_path())


def _form_page(
    entered: dict[str, str], preview: BrandPreview, errors: dict[str, str] | None = None
) -> Response:
    return page(
        "settings_brand.html.jinja",
        HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        entered=entered,
        errors=errors or {},
        preview=preview,
        path=_path(),
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/brand"
