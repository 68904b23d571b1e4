"""Messages of a shop: what was sent and what was not, a preview, and sending again."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, abort, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, sent
from lumira.blueprints.pages.dashboard.replies import done, failed, framed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.formats import parse_uuid
from lumira.notifications.preview_message import Preview, preview_message
from lumira.pages.dashboard import message_page
from lumira.pages.dashboard.message_page import MessagePage
from lumira.pages.dashboard.rendering import explain
from lumira.services.messages.retry_messages import MOST_RETRIED, find_dead, retry_dead
from lumira.services.messages.view_messages import MessageSearch, list_messages, view_message
from lumira.services.orders.resend_message import resend_message

#: The filters, which stay in the URL.
_FILTERS = ("q", "state", "kind")


@dashboard.page("/messages", may=Role.VIEWER)
def show() -> Response:
    """One page of the messages: of an order or an address, in a state, of a kind."""
    filters = {name: sent(name) for name in _FILTERS}
    found = list_messages(
        visit.shop().tenant_id,
        MessageSearch(
            text=filters["q"],
            status=message_page.status_of(filters["state"]),
            kind=message_page.kind_of(filters["kind"]),
            before=parse_uuid(request.args.get(AFTER, "")),
        ),
    )
    return page(
        "messages.html.jinja",
        found=found,
        filters=filters,
        kinds=message_page.KINDS,
        statuses=message_page.STATUSES,
        is_for_team=message_page.is_for_team,
        short_error=message_page.short_error,
        path=_path(),
        pager=pager(_path(), filters, found.next),
    )


@dashboard.page("/messages/retry", may=Role.OWNER)
def confirm_retry() -> Response:
    """How many messages that were given up would be sent again, by kind, and the button."""
    kind = message_page.kind_of(sent("kind"))
    dead = find_dead(visit.shop().tenant_id, kind)
    return page("messages_retry.html.jinja", dead=dead, kind=kind or "", most=MOST_RETRIED, path=_path())


@dashboard.page("/messages/retry", may=Role.OWNER, methods=["POST"])
def retry() -> Response:
    """Send the messages again that the page before has counted."""
    until = parse_uuid(request.form.get("until", ""))
    if until is None:
        abort(HTTPStatus.BAD_REQUEST)
    number = retry_dead(
        visit.shop().tenant_id,
        message_page.kind_of(request.form.get("kind", "")),
        until=until,
        actor=visit.operator().actor,
    )
    return done("messages.retried", to=_path(), number=str(number))


@dashboard.page("/messages/<uuid:message_id>", may=Role.VIEWER)
def show_one(message_id: UUID) -> Response:
    """One message: its state, its last error and what to do, and what it says."""
    tenant_id = visit.shop().tenant_id
    view = view_message(tenant_id, message_id)
    return page(
        "message.html.jinja",
        has_frame=True,
        shown=MessagePage(view, preview_message(tenant_id, message_id), language()),
        message=view.message,
        is_for_team=message_page.is_for_team,
        short_error=message_page.short_error,
        path=_path(),
    )


@dashboard.page("/messages/<uuid:message_id>/preview", may=Role.VIEWER)
def show_preview(message_id: UUID) -> Response:
    """What the e-mail shows, alone, for the frame on its page."""
    preview = preview_message(visit.shop().tenant_id, message_id)
    if not isinstance(preview, Preview):
        abort(HTTPStatus.NOT_FOUND)
    return framed(preview.html)


@dashboard.page("/messages/<uuid:message_id>/resend", may=Role.OWNER, methods=["POST"])
def resend(message_id: UUID) -> Response:
    """Send one message again."""
    tenant_id, to = visit.shop().tenant_id, f"{_path()}/{message_id}"
    order_id = view_message(tenant_id, message_id).message.order_id
    try:
        resend_message(tenant_id, order_id, message_id, actor=visit.operator().actor)
    except LumiraError as error:
        return failed("messages.refused", to=to, why=explain(error, language()))
    return done("messages.resent", to=to)


def _path() -> str:
    return f"{visit.shop().path}/messages"
