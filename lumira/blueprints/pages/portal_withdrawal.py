"""`/my/<link>/orders/<order>/withdrawal`: the second step of a withdrawal, for the owner of a portal link."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response

from lumira.blueprints.pages import errors
from lumira.blueprints.pages.link_address import address_of
from lumira.blueprints.pages.replies import located_context, notice_page, page, path_of
from lumira.blueprints.pages.withdrawal_form import limit_length, read_command, sent_form, signed_form
from lumira.errors.orders import NotWithdrawable
from lumira.pages import withdrawal
from lumira.pages.portal import Notice
from lumira.pages.withdrawal import WithdrawalError
from lumira.services.withdrawals.view_withdrawal import view_by_link
from lumira.services.withdrawals.withdraw import withdraw_by_link

blueprint = Blueprint("my_withdrawal", __name__, url_prefix=errors.PREFIX)
errors.register_handlers(blueprint)


@blueprint.get("/<token>/orders/<uuid:order_id>/withdrawal")
def show(token: str, order_id: UUID) -> Response:
    """What the buyer may withdraw from, and what they have withdrawn from."""
    return _page(token, order_id)


@blueprint.post("/<token>/orders/<uuid:order_id>/withdrawal")
def withdraw(token: str, order_id: UUID) -> Response:
    """Withdraw from what the form names, and show the page again."""
    limit_length()
    address, path = address_of(token), _path(token, order_id)
    if address is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    command = read_command(path)
    if isinstance(command, WithdrawalError):
        return _page(token, order_id, command, HTTPStatus.BAD_REQUEST)
    try:
        is_known = withdraw_by_link(address, order_id, command)
    except NotWithdrawable:
        return _page(token, order_id, WithdrawalError.NOT_POSSIBLE, HTTPStatus.CONFLICT)
    if not is_known:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def _path(token: str, order_id: UUID) -> str:
    return f"{path_of(token)}/orders/{order_id}/withdrawal"


def _page(
    token: str,
    order_id: UUID,
    error: WithdrawalError | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    address = address_of(token)
    view = None if address is None else view_by_link(address, order_id)
    if view is None:
        return notice_page(Notice.UNKNOWN, HTTPStatus.NOT_FOUND)
    context = located_context(view, view.locale)
    html = withdrawal.confirm(
        context,
        view,
        form=signed_form(_path(token, order_id)),
        back=path_of(token),
        sent=None if error is None else sent_form(error),
    )
    return page(html, context, status)
