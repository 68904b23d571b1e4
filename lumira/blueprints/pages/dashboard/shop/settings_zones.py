"""Where a shop sends its goods, and for which postage: the zones of the catalog file, in one form."""

from typing import Any

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.shop.settings_forms import changed_meanwhile, form_page, seen
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import CatalogError
from lumira.pages.dashboard.texts import TEXTS
from lumira.pages.dashboard.zones_page import FIELDS, errors_of, read_zones, rows_of, zone_values
from lumira.schemas.catalog_file import parse_zones
from lumira.schemas.catalog_shipping import MAX_ZONES
from lumira.services.catalog.edit_tenant import edit_settings
from lumira.services.tenants.view_settings import TenantSettings, view_settings

_NAMES = ("shipping_zones",)
#: Characters of one field: all countries fit.
_LONGEST = 10_000


@dashboard.page("/settings/zones", may=Role.OWNER)
def show() -> Response:
    """The form with the zones that count now."""
    view = view_settings(visit.shop().tenant_id)
    return _form_page(zone_values(view.tenant, language(), most=MAX_ZONES), view)


@dashboard.page("/settings/zones", may=Role.OWNER, methods=["POST"])
def submit() -> Response:
    """Save the zones: orders keep the postage with which they were opened."""
    tenant_id = visit.shop().tenant_id
    view = view_settings(tenant_id)
    entered = _entered()
    tables, numbers, errors = read_zones(entered, view.tenant.currency, language())
    if errors:
        return _refused(entered, view, errors)
    try:
        zones = parse_zones(tables, view.tenant.currency)
        values = {"shipping_zones": zones or None}
        is_changed = edit_settings(tenant_id, values, actor=visit.operator().actor, seen=seen())
    except CatalogError as error:
        return _refused(entered, view, errors_of(error.fields or {}, numbers))
    except ChangedMeanwhile:
        view = view_settings(tenant_id)
        stored = zone_values(view.tenant, language(), most=MAX_ZONES)
        shown = dict.fromkeys(stored, "") | entered
        return _form_page(shown, view, **changed_meanwhile(shown, stored, names=_NAMES, view=view))
    return done("delivery.saved_zones" if is_changed else "settings.unchanged", to=_path())


def _entered() -> dict[str, str]:
    names = [f"{field}-{number}" for number in range(MAX_ZONES) for field in FIELDS]
    sent = {name: request.form[name] for name in names if name in request.form}
    # A box that is not ticked is not sent.
    count = rows_of(sent)
    texts = {name: sent.get(name, "").replace("\x00", "").strip()[:_LONGEST] for name in names}
    return {name: text for name, text in texts.items() if int(name.rpartition("-")[2]) < count}


def _refused(entered: dict[str, str], view: TenantSettings, errors: dict[str, str]) -> Response:
    words = TEXTS[language()]["delivery"]["zone_errors"]
    texts = {name: words[key] for name, key in errors.items()}
    return _form_page(entered, view, errors=texts or {"name-0": words["name"]}, problem="invalid")


def _form_page(entered: dict[str, str], view: TenantSettings, **context: Any) -> Response:
    return form_page(
        "settings_zones.html.jinja",
        entered=entered,
        names=_NAMES,
        view=view,
        rows=range(rows_of(entered)),
        path=_path(),
        **context,
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/zones"
