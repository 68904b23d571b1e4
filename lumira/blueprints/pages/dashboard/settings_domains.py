"""The domains of a shop: where its pages may be, and which of them reach this installation."""

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Response, current_app, request

from config.settings import Settings
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import CatalogError, DomainTaken, ReservedDomain
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.validation import invalid_fields
from lumira.schemas.catalog_file import parse_tenant_values
from lumira.services.catalog.edit_tenant import edit_domains
from lumira.services.tenants.view_settings import view_settings


@dashboard.page("/settings/domains", may=Role.OWNER)
def show() -> Response:
    """The domains, each with a link to the page that it shows if it reaches this installation."""
    domains = view_settings(visit.shop().tenant_id).domains
    return _form_page("\n".join(domains), domains)


@dashboard.page("/settings/domains", may=Role.OWNER, methods=["POST"], recent=True)
def submit() -> Response:
    """Save the domains: pages on them may read the catalog and open payments from now on."""
    tenant_id = visit.shop().tenant_id
    entered = request.form.get("domains", "")
    try:
        values = parse_tenant_values({"domains": entered.split()}, ("domains",))
        is_changed = edit_domains(
            tenant_id, values["domains"], own_host=_own_host(), actor=visit.operator().actor
        )
    except CatalogError as error:
        return _form_page(entered, view_settings(tenant_id).domains, invalid_fields(error, language()))
    except (DomainTaken, ReservedDomain) as error:
        return _form_page(entered, view_settings(tenant_id).domains, {"domains": explain(error, language())})
    return done("settings.saved_domains" if is_changed else "settings.unchanged", to=_path())


def _form_page(entered: str, domains: list[str], errors: dict[str, str] | None = None) -> Response:
    return page(
        "settings_domains.html.jinja",
        HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        entered=entered,
        errors=errors or {},
        domains=domains,
        path=_path(),
        set_up_path=f"{visit.shop().path}/set-up/stripe",
    )


def _own_host() -> str | None:
    settings: Settings = current_app.extensions["lumira"]
    return urlsplit(settings.public_url or "").hostname


def _path() -> str:
    return f"{visit.shop().path}/settings/domains"
