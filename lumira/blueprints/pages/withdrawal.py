"""`/retractation` and `/withdrawal`: a withdrawal by order number and e-mail address, without an account.

The path decides the language. The first step sends a link to the order's own address; the link opens the second step.
"""

from http import HTTPStatus

from flask import Blueprint, Response, g, request
from marshmallow import ValidationError

from lumira import extensions, link_tokens, tenancy
from lumira.blueprints.pages import errors
from lumira.blueprints.pages.link_address import is_served_here
from lumira.blueprints.pages.replies import located_context, page
from lumira.blueprints.pages.withdrawal_form import (
    is_own_form,
    limit_length,
    read_command,
    sent_form,
    signed_form,
)
from lumira.errors.orders import NotWithdrawable
from lumira.errors.tenants import TenantNotFound
from lumira.link_tokens import WITHDRAWAL_PATHS, WithdrawalAddress, withdrawal_path
from lumira.pages import withdrawal
from lumira.pages.withdrawal import RequestState, WithdrawalError
from lumira.schemas.withdrawal_page import WithdrawalRequestForm
from lumira.services.checkout.view_opened import view_brand
from lumira.services.withdrawals.request_link import request_withdrawal_link
from lumira.services.withdrawals.view_withdrawal import view_as_guest
from lumira.services.withdrawals.withdraw import withdraw_as_guest

blueprint = Blueprint("withdrawal", __name__)
errors.register_handlers(blueprint)

_FRENCH, _ENGLISH = WITHDRAWAL_PATHS["fr"], WITHDRAWAL_PATHS["en"]


# No `defaults` for the paths without a slug: Werkzeug would redirect one language to the other.
@blueprint.get(_FRENCH)
@blueprint.get(_ENGLISH)
@blueprint.get(f"{_FRENCH}/<slug>")
@blueprint.get(f"{_ENGLISH}/<slug>")
def show(slug: str | None = None) -> Response:
    """The first step; on the tenant's own domain without its slug."""
    _enter_shop(slug)
    return _request_page(RequestState())


@blueprint.post(f"{_FRENCH}/<slug>")
@blueprint.post(f"{_ENGLISH}/<slug>")
def request_link(slug: str) -> Response:
    """Send the link to the second step. The page is the same whether or not there is such an order."""
    http = extensions.of()
    if http.limiter.enabled:
        with http.withdrawal_limit:
            return _request(slug)
    return _request(slug)


@blueprint.get(f"{_FRENCH}/<slug>/<token>")
@blueprint.get(f"{_ENGLISH}/<slug>/<token>")
def show_order(slug: str, token: str) -> Response:
    """The second step: what the buyer may withdraw from, and what they have withdrawn from."""
    _enter_shop(slug)
    return _confirm_page(token)


@blueprint.post(f"{_FRENCH}/<slug>/<token>")
@blueprint.post(f"{_ENGLISH}/<slug>/<token>")
def withdraw(slug: str, token: str) -> Response:
    """Withdraw from what the form names, and show the page again."""
    limit_length()
    _enter_shop(slug)
    address, path = _address_of(token), _path(token)
    if address is None:
        return _unknown_page()
    command = read_command(path)
    if isinstance(command, WithdrawalError):
        return _confirm_page(token, command, HTTPStatus.BAD_REQUEST)
    try:
        is_known = withdraw_as_guest(address, command)
    except NotWithdrawable:
        return _confirm_page(token, WithdrawalError.NOT_POSSIBLE, HTTPStatus.CONFLICT)
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path}) if is_known else _unknown_page()


def _enter_shop(slug: str | None) -> None:
    """Let the running request see this tenant, with the rights of any visitor; raises `TenantNotFound`."""
    shop = tenancy.find_shop(slug)
    if shop is None:
        raise TenantNotFound("There is no such shop.")
    g.caller, g.tenant_id = shop, shop.tenant_id


def _request(slug: str) -> Response:
    limit_length()
    _enter_shop(slug)
    sent = {name: request.form.get(name, "") for name in WithdrawalRequestForm().fields}
    state = RequestState(
        sent["number"], sent["email"], None if is_own_form(_path()) else WithdrawalError.STALE
    )
    if state.error is not None:
        return _request_page(state, HTTPStatus.FORBIDDEN)
    try:
        read = WithdrawalRequestForm().load(sent)
    except ValidationError as error:
        wrong = WithdrawalError.NUMBER if "number" in error.messages_dict else WithdrawalError.EMAIL
        return _request_page(RequestState(state.number, state.email, wrong), HTTPStatus.BAD_REQUEST)
    requested_at = request_withdrawal_link(g.tenant_id, order_number=read["number"], email=read["email"])
    context = located_context(view_brand(g.tenant_id), _language())
    return page(withdrawal.requested(context, requested_at), context)


def _request_page(state: RequestState, status: HTTPStatus = HTTPStatus.OK) -> Response:
    context = located_context(view_brand(g.tenant_id), _language())
    return page(withdrawal.request(context, state, form=signed_form(_path())), context, status)


def _confirm_page(
    token: str, error: WithdrawalError | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    address = _address_of(token)
    view = None if address is None else view_as_guest(address)
    if view is None:
        return _unknown_page()
    context = located_context(view, _language())
    form, sent = signed_form(_path(token)), None if error is None else sent_form(error)
    return page(withdrawal.confirm(context, view, form=form, back=None, sent=sent), context, status)


def _unknown_page() -> Response:
    context = located_context(view_brand(g.tenant_id), _language())
    return page(withdrawal.unknown(context, again=_path()), context, HTTPStatus.NOT_FOUND)


def _address_of(token: str) -> WithdrawalAddress | None:
    """What a valid token of this shop names."""
    address = link_tokens.read_withdrawal(token)
    is_own = address is not None and address.tenant_id == g.tenant_id and is_served_here(address.tenant_id)
    return address if is_own else None


def _language() -> str:
    """The language of the page, by the first part of its path."""
    return "en" if request.path.startswith(_ENGLISH) else "fr"


def _path(token: str | None = None) -> str:
    shop = withdrawal_path(g.caller.slug, _language())
    return shop if token is None else f"{shop}/{token}"
