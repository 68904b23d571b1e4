"""The webhook of a shop's team: where alerts are posted besides the e-mail. Its URL is never shown."""

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import Conflict, InvalidRequest
from lumira.services.tenants.change_team_webhook import (
    format_of,
    post_test,
    remove_team_webhook,
    set_team_webhook,
)


@dashboard.page("/settings/team-webhook", may=Role.OWNER, methods=["POST"], recent=True)
def save() -> Response:
    """Post alerts to another webhook from now on."""
    url, shape = request.form.get("url", "").strip(), format_of(request.form.get("format", ""))
    try:
        set_team_webhook(visit.shop().tenant_id, url, shape, actor=visit.operator().actor)
    except InvalidRequest:
        return failed("settings.invalid_webhook", to=_path())
    return done("settings.webhook_saved", to=_path())


@dashboard.page("/settings/team-webhook/remove", may=Role.OWNER, methods=["POST"], recent=True)
def remove() -> Response:
    """Post nothing more."""
    is_changed = remove_team_webhook(visit.shop().tenant_id, actor=visit.operator().actor)
    return done("settings.webhook_removed" if is_changed else "settings.unchanged", to=_path())


@dashboard.page("/settings/team-webhook/test", may=Role.OWNER, methods=["POST"])
def test() -> Response:
    """Post a test."""
    try:
        failure = post_test(visit.shop().tenant_id)
    except InvalidRequest:
        return failed("settings.no_webhook", to=_path())
    except Conflict:
        return failed("settings.webhook_busy", to=_path())
    if failure is not None:
        return failed("settings.webhook_failed", to=_path(), why=failure)
    return done("settings.webhook_tested", to=_path())


def _path() -> str:
    return f"{visit.shop().path}/settings"
