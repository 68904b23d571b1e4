"""The form of the checkout page: shows an offer, and opens its order on Stripe's page, once for each form."""

import time
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from marshmallow import ValidationError

from config.settings import Settings
from lumira import tenancy
from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.checkout_quotas import limited_checkout
from lumira.blueprints.http.idempotent_requests import call_of_form, replying
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages import checkout_visit
from lumira.blueprints.pages.checkout_errors import form_error
from lumira.blueprints.pages.checkout_visit import OpenedHere, Visit
from lumira.blueprints.pages.replies import brand_context, page, page_locale
from lumira.domain.commands import CHECKOUT_PAGE, CheckoutCommand, CheckoutItem, Consents
from lumira.errors import Conflict, IdempotencyInProgress, LumiraError, OrderNotFound, StripePermissionMissing
from lumira.pages import checkout
from lumira.pages.checkout import FormError, FormState
from lumira.schemas.checkout_page import CheckoutPageForm
from lumira.services.checkout.cancel_checkout_session import cancel_open_sessions
from lumira.services.checkout.create_checkout_session import SessionOpened, create_checkout_session
from lumira.services.checkout.view_offer import Offer, view_offer
from lumira.services.checkout.view_opened import Progress, view_brand, view_opened
from lumira.services.idempotency.reply import Reply

#: Bytes. The form has an address, a name and a signature.
_FORM_LENGTH = 8192
#: Seconds between attempts while another request opens the order of the same form.
_PAUSES = (0.3, 0.7, 1.0)
_STRIPES_PAGES = "https://checkout.stripe.com"

_Items = tuple[CheckoutItem, ...]


def show_form(items: _Items) -> Response:
    """The page that sells these items."""
    offer = view_offer(g.tenant_id, items)
    return _page(checkout_visit.current_visit(g.caller.slug), items, offer, FormState())


def submit_form(items: _Items) -> Response:
    """Open the order of the form and lead the buyer to Stripe's page, or to the order if nothing is left to pay."""
    request.max_content_length = _FORM_LENGTH
    visit = checkout_visit.current_visit(g.caller.slug)
    offer = view_offer(g.tenant_id, items)
    state, shown = _read_form()
    if state.error is None:
        state = state.failing(_compare(visit.read_form(items, shown), offer))
    if state.error is not None:
        is_invalid = state.error in (FormError.EMAIL, FormError.NAME)
        status = HTTPStatus.BAD_REQUEST if is_invalid else HTTPStatus.CONFLICT
        return _page(visit, items, offer, state, status=status)
    form_key = visit.form_key(items, _shown(offer), state.email, state.name)
    try:
        result = _open(visit, items, form_key, _command(items, state, offer))
    except LumiraError as error:
        return _refused(visit, items, offer, state, error)
    if isinstance(result, OpenedHere):
        return _to_order(result)
    return _lead_on(visit, items, form_key, state.email, result)


def _refused(visit: Visit, items: _Items, offer: Offer, state: FormState, error: LumiraError) -> Response:
    failed = state.failing(form_error(error))
    if failed.error is FormError.CLOSED:
        # Under the same name, the same form would be refused again.
        visit = visit.renewed()
    return _page(visit, items, offer, failed, status=error.status, retry_after=error.retry_after)


def _read_form() -> tuple[FormState, str]:
    """What was entered, and the signature of what the page showed."""
    sent = {name: request.form.get(name, "") for name in CheckoutPageForm().fields}
    state = FormState(
        sent["email"],
        sent["name"],
        terms=bool(sent["terms"]),
        immediate_delivery=bool(sent["immediate_delivery"]),
    )
    try:
        read = CheckoutPageForm().load(sent)
    except ValidationError as error:
        wrong = FormError.EMAIL if "email" in error.messages_dict else FormError.NAME
        return state.failing(wrong), ""
    return replace(state, email=read["email"], name=read["name"]), read["shown"]


def _compare(shown: str | None, offer: Offer) -> FormError | None:
    if shown is None:
        return FormError.STALE
    if shown == _shown(offer):
        return None
    is_price = shown.split(" ")[:2] != _shown(offer).split(" ")[:2]
    return FormError.PRICE_CHANGED if is_price else FormError.TERMS_CHANGED


def _shown(offer: Offer) -> str:
    """What the buyer has to have seen: the price, and the version of the terms."""
    return f"{offer.amount} {offer.currency} {offer.consents.terms_version or ''}"


def _command(items: _Items, state: FormState, offer: Offer) -> CheckoutCommand:
    shop = f"{_own_address()}/checkout/{g.caller.slug}"
    command = CheckoutCommand(
        items,
        customer_email=state.email,
        customer_name=state.name or None,
        consents=_consents(state, offer),
        expected=(offer.amount, offer.currency),
        locale=page_locale(),
        success_url=f"{shop}/orders/{{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{_own_address()}{request.full_path.rstrip('?')}",
    )
    return with_origin(command, request, source=CHECKOUT_PAGE)


def _consents(state: FormState, offer: Offer) -> Consents | None:
    """What the buyer ticked; `None` if the page showed no box."""
    if offer.consents.terms_version is None:
        return None
    return Consents(offer.consents.terms_version if state.terms else None, state.immediate_delivery)


def _own_address() -> str:
    """The address under which the visitor sees this page; only a tenant's domain is taken from the request."""
    settings: Settings = current_app.extensions["lumira"]
    if tenancy.find_by_domain(tenancy.host_name(request.host)) is not None or settings.public_url is None:
        return request.host_url.rstrip("/")
    return settings.public_url


def _open(
    visit: Visit, items: _Items, form_key: str, command: CheckoutCommand
) -> Reply[SessionOpened] | OpenedHere:
    """Open the order of the form once; an order of the same items that is paid, or about to be, is returned instead."""

    @calls_stripe
    @limited_checkout
    def opened(command: CheckoutCommand) -> Any:
        paid = _close_earlier(visit, items, form_key)
        if paid is not None:
            # As for a repeated call, nothing was opened that could count.
            return replying(Reply(paid, replayed=True))
        return replying(
            create_checkout_session(
                g.tenant_id, call=call_of_form(form_key), command=command, returns_to_lumira=True
            )
        )

    for pause in _PAUSES:
        try:
            value, _, headers = opened(command)
        except IdempotencyInProgress:
            # The second click of a double click: the browser waits for this reply, and has forgotten the first.
            time.sleep(pause)
        else:
            break
    else:
        value, _, headers = opened(command)
    return value if isinstance(value, OpenedHere) else Reply(value, replayed=bool(headers))


def _close_earlier(visit: Visit, items: _Items, form_key: str) -> OpenedHere | None:
    """Close the payments of the same items that this visitor opened by another form, such as with another address.

    Returns the order of one that is paid, or whose bank confirms it later: then nothing is opened.
    """
    for earlier in visit.of_items(items):
        try:
            progress = view_opened(g.tenant_id, earlier.order_number).progress
            if progress is Progress.AWAITED:
                return earlier
            if progress is Progress.PAYABLE and earlier.form_key != form_key:
                cancel_open_sessions(g.tenant_id, earlier.order_number)
        except (OrderNotFound, StripePermissionMissing):
            # It was removed; or it stays open until it expires, which its alert says.
            continue
        except Conflict:
            return earlier
    return None


def _lead_on(visit: Visit, items: _Items, form_key: str, email: str, reply: Reply[SessionOpened]) -> Response:
    session = reply.value
    opened = checkout_visit.opened_here(
        items,
        order_number=session.order_number,
        reference=session.session_id or session.order_number,
        form_key=form_key,
        email=email,
    )
    # A repeated form may be of an order that was paid since.
    is_payable = session.url is not None and not (
        reply.replayed and view_opened(g.tenant_id, session.order_number).progress is not Progress.PAYABLE
    )
    led = _to_stripe(session.url) if is_payable and session.url else _to_order(opened)
    return checkout_visit.remember_order(led, g.caller.slug, visit, opened)


def _to_order(opened: OpenedHere) -> Response:
    return _see_other(f"/checkout/{g.caller.slug}/orders/{opened.reference}")


def _to_stripe(url: str) -> Response:
    if _origin(url) in _stripes_pages().split():
        return _see_other(url)
    # A shop's own domain for Stripe's page: only a link may lead there, because no form of this page may.
    context = brand_context(view_brand(g.tenant_id))
    return page(checkout.to_stripe(context, url), context)


def _stripes_pages() -> str:
    """The origins of Stripe's pages: Stripe's own, and the sandbox's."""
    settings: Settings = current_app.extensions["lumira"]
    return " ".join(filter(None, (_STRIPES_PAGES, _origin(settings.stripe_api_base or ""))))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _see_other(address: str) -> Response:
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})


def _page(
    visit: Visit,
    items: _Items,
    offer: Offer,
    state: FormState,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    retry_after: int | None = None,
) -> Response:
    context = brand_context(offer)
    shown = visit.sign_form(items, _shown(offer))
    # The visitor's own unpaid order holds the last units: it can be continued.
    has_opened = bool(visit.of_items(items))
    html = checkout.offer(
        context,
        offer,
        state,
        shown=shown,
        is_sold=offer.is_available or has_opened,
        shop=f"/checkout/{g.caller.slug}",
    )
    reply = page(html, context, status, forms_lead_to=_stripes_pages())
    if retry_after is not None:
        reply.headers["Retry-After"] = str(retry_after)
    return checkout_visit.remember(reply, g.caller.slug, visit)
