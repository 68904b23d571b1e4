"""The legal lines of the seller, with a preview of the head of a receipt."""

from http import HTTPStatus
from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.documents.seller_lines import seller_lines
from lumira.domain.operators import Role
from lumira.errors import CatalogError
from lumira.pages.dashboard.settings_page import SELLER, seller_table, seller_values
from lumira.pages.dashboard.validation import invalid_fields
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import view_settings


@dashboard.page("/settings/seller", may=Role.OWNER)
def show() -> Response:
    """The form with the lines that count now, and the head of a receipt."""
    seller = view_settings(visit.shop().tenant_id).tenant.seller
    return _form_page(seller_values(seller), seller)


@dashboard.page("/settings/seller", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Show the head of a receipt with the entered lines, or save them: they count for documents issued from now on."""
    entered = {name: request.form.get(name, "").strip() for name in SELLER}
    try:
        values = parse_tenant_values({"seller": seller_table(entered)}, ("seller",))
    except CatalogError as error:
        stored = view_settings(visit.shop().tenant_id).tenant.seller
        return _form_page(entered, stored, invalid_fields(error, language()))
    if "preview" in request.form:
        return _form_page(entered, values["seller"])
    is_changed = edit_settings(visit.shop().tenant_id, values, actor=visit.operator().actor)
    return done("settings.saved_seller" if is_changed else "settings.unchanged", to=_path())


def _form_page(
    entered: dict[str, str], seller: dict[str, Any] | None, errors: dict[str, str] | None = None
) -> Response:
    return page(
        "settings_seller.html.jinja",
        HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        entered=entered,
        errors=errors or {},
        lines=seller_lines(seller, language()) if seller else None,
        note=seller.get("vat_note") if seller else None,
        path=_path(),
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/seller"
