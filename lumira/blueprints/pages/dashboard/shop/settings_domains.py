"""The domains of a shop: where its pages may be, and which of them reach this installation."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, request

from config.settings import Settings
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.shop.settings_forms import changed_meanwhile, form_page, refused, seen
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import CatalogError
from lumira.errors.tenants import DomainTaken, NoPublicDomain, OwnHostUnknown, RelatedDomain, ReservedDomain
from lumira.pages.dashboard.rendering import explain
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import Installation, edit_domains
from lumira.services.tenants.view_settings import TenantSettings, view_settings
from lumira.tenancy import host_name

_NAMES = ("domains",)
_REFUSED = (DomainTaken, RelatedDomain, ReservedDomain, NoPublicDomain, OwnHostUnknown)


@dashboard.page("/settings/domains", may=Role.OWNER)
def show() -> Response:
    """The domains, each with a link to the page that it shows if it reaches this installation."""
    view = view_settings(visit.shop().tenant_id)
    return _form_page(_shown(view), view)


@dashboard.page("/settings/domains", may=Role.OWNER, methods=["POST"], recent=True)
def submit() -> Response:
    """Save the domains: pages on them may read the catalog and open payments from now on."""
    tenant_id = visit.shop().tenant_id
    view = view_settings(tenant_id)
    entered = {"domains": request.form.get("domains", "")}
    try:
        values = parse_tenant_values({"domains": entered["domains"].split()}, _NAMES)
        is_changed = edit_domains(
            tenant_id,
            values["domains"],
            installation=installation(),
            actor=visit.operator().actor,
            seen=seen(),
        )
    except CatalogError as error:
        return _form_page(entered, view, **refused(error))
    except _REFUSED as error:
        errors = {"domains": explain(error, language())}
        return _form_page(entered, view, errors=errors, problem="invalid")
    except ChangedMeanwhile:
        view = view_settings(tenant_id)
        return _form_page(entered, view, **changed_meanwhile(entered, _shown(view), names=_NAMES, view=view))
    return done("settings.saved_domains" if is_changed else "settings.unchanged", to=_path())


def _shown(view: TenantSettings) -> dict[str, str]:
    return {"domains": "\n".join(view.domains)}


def _form_page(entered: dict[str, str], view: TenantSettings, **context: Any) -> Response:
    return form_page(
        "settings_domains.html.jinja",
        entered=entered,
        names=_NAMES,
        view=view,
        domains=view.domains,
        path=_path(),
        set_up_path=f"{visit.shop().path}/set-up/stripe",
        **context,
    )


def installation() -> Installation:
    """What owners may not add as a domain: the host of `PUBLIC_URL`, however it is written."""
    settings: Settings = current_app.extensions["lumira"]
    return Installation(host_name(urlsplit(settings.public_url or "").netloc), settings.is_development)


def _path() -> str:
    return f"{visit.shop().path}/settings/domains"
