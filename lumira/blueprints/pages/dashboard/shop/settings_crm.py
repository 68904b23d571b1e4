"""The connection to Dolibarr: its settings, its check, and the queue of what is to be written there."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.errors.crm import CrmUrlRefused, UnknownProduct
from lumira.pages.dashboard.crm_page import CrmPage, EnteredSettings, shown_settings
from lumira.pages.dashboard.rendering import explain
from lumira.services.crm.change_connection import remove_connection, set_connection, switch_off, switch_on
from lumira.services.crm.check_connection import check_connection
from lumira.services.crm.notification_secret import view_notification_url
from lumira.services.crm.retry_tasks import retry_parked
from lumira.services.crm.view_connection import view_connection
from lumira.services.crm.view_queue import view_queue


@dashboard.page("/settings/crm", may=Role.OWNER)
def show() -> Response:
    """The connection, what its last check found, and what waits to be written."""
    view = view_connection(visit.shop().tenant_id)
    return _page(shown_settings(view), {})


@dashboard.page("/settings/crm", may=Role.OWNER, methods=["POST"], recent=True)
def save() -> Response:
    """Save the connection; another URL requires the key again."""
    tenant_id = visit.shop().tenant_id
    entered = EnteredSettings.of(request.form)
    view = view_connection(tenant_id)
    problems = entered.problems(view, seen=request.form.get("seen"))
    if problems:
        return _page(entered.values, problems)
    try:
        is_changed = set_connection(
            tenant_id, entered.settings(), api_key=entered.api_key, actor=visit.operator().actor
        )
    except CrmUrlRefused as error:
        return _page(entered.values, {"crm_url": "bad_url"}, why=str(error))
    except UnknownProduct as error:
        return _page(entered.values, {"crm_vat_rates": "unknown_product"}, why=str(error.details["product"]))
    return done("crm.saved" if is_changed else "settings.unchanged", to=_path())


@dashboard.page("/settings/crm/check", may=Role.OWNER, methods=["POST"])
def check() -> Response:
    """Ask Dolibarr, and show what is wrong."""

    def act(tenant_id: int, _: str) -> str:
        findings = check_connection(tenant_id)
        return "checked_faults" if any(finding.is_fault for finding in findings) else "checked"

    return _act(act)


@dashboard.page("/settings/crm/on", may=Role.OWNER, methods=["POST"], recent=True)
def turn_on() -> Response:
    """Write what is sold from now on to Dolibarr."""
    return _act(lambda tenant_id, actor: "on" if switch_on(tenant_id, actor=actor) else "on_already")


@dashboard.page("/settings/crm/off", may=Role.OWNER, methods=["POST"], recent=True)
def turn_off() -> Response:
    """Write nothing more to Dolibarr."""
    return _act(lambda tenant_id, actor: "off" if switch_off(tenant_id, actor=actor) else "off_already")


@dashboard.page("/settings/crm/remove", may=Role.OWNER, methods=["POST"], recent=True)
def remove() -> Response:
    """Remove the connection with its key."""
    return _act(lambda tenant_id, actor: "removed" if remove_connection(tenant_id, actor=actor) else "none")


@dashboard.page("/settings/crm/retry", may=Role.OWNER, methods=["POST"])
def retry_all() -> Response:
    """Let everything that is parked be tried again."""
    return _act(lambda tenant_id, actor: "retried" if retry_parked(tenant_id, actor=actor) else "not_parked")


@dashboard.page("/settings/crm/tasks/<uuid:task_id>/retry", may=Role.OWNER, methods=["POST"])
def retry_one(task_id: UUID) -> Response:
    """Let one task that is parked be tried again."""

    def act(tenant_id: int, actor: str) -> str:
        return "retried" if retry_parked(tenant_id, task_id=task_id, actor=actor) else "not_parked"

    return _act(act)


def _act(action: Any) -> Response:
    try:
        key = action(visit.shop().tenant_id, visit.operator().actor)
    except LumiraError as error:
        return failed("crm.refused", to=_path(), why=explain(error, language()))
    if key == "checked_faults":
        return failed("crm.checked_faults", to=_path())
    return done(f"crm.{key}", to=_path())


def _page(entered: dict[str, str], problems: dict[str, str], *, why: str = "") -> Response:
    tenant_id = visit.shop().tenant_id
    view = view_connection(tenant_id)
    shown = CrmPage(view, view_queue(tenant_id), language())
    return page(
        "settings_crm.html.jinja",
        HTTPStatus.BAD_REQUEST if problems else HTTPStatus.OK,
        shown=shown,
        view=view,
        notification_url=view_notification_url(tenant_id),
        entered=entered,
        errors=shown.errors(problems, why),
        seen=request.form.get("seen") if problems and "changed" not in problems else view.fingerprint,
        path=_path(),
    )


def _path() -> str:
    return f"{visit.shop().path}/settings/crm"
