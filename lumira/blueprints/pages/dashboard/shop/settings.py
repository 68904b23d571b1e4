"""The settings of a shop: its brand, legal lines and domains, and the webhook secrets, which are never shown."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import InvalidRequest
from lumira.errors.tenants import LastWebhookSecret
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.settings_page import BrandPreview, sale_values, seller_values
from lumira.services.tenants.change_webhook_secrets import add_webhook_secret, remove_webhook_secret
from lumira.services.tenants.view_settings import view_settings


@dashboard.page("/settings", may=Role.OWNER)
def show() -> Response:
    """The settings, and how the brand looks."""
    view = view_settings(visit.shop().tenant_id)
    return page(
        "settings.html.jinja",
        HTTPStatus.OK,
        view=view,
        tenant=view.tenant,
        preview=BrandPreview.of(view.tenant),
        seller=seller_values(view.tenant.seller),
        sales=sale_values(view.tenant),
        path=_path(),
    )


@dashboard.page("/settings/webhook-secrets", may=Role.OWNER, methods=["POST"], recent=True)
def add_secret() -> Response:
    """Accept a further webhook secret."""
    secret = request.form.get("secret", "")
    try:
        add_webhook_secret(visit.shop().tenant_id, secret, actor=visit.operator().actor)
    except InvalidRequest:
        return failed("settings.invalid_secret", to=_path())
    return done("settings.secret_added", to=_path())


@dashboard.page(
    "/settings/webhook-secrets/<uuid:secret_id>/remove", may=Role.OWNER, methods=["POST"], recent=True
)
def remove_secret(secret_id: UUID) -> Response:
    """Refuse what is signed with a secret from now on."""
    try:
        remove_webhook_secret(visit.shop().tenant_id, secret_id, actor=visit.operator().actor)
    except LastWebhookSecret as error:
        return failed("settings.refused", to=_path(), why=explain(error, language()))
    return done("settings.secret_removed", to=_path())


def _path() -> str:
    return f"{visit.shop().path}/settings"
