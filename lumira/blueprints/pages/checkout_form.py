"""The form of the checkout page: shows an offer, and opens its order once for each form."""

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Response, g, request
from marshmallow import ValidationError

from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.pages import checkout_code, checkout_frame, checkout_visit
from lumira.blueprints.pages.checkout_code import view_with_code
from lumira.blueprints.pages.checkout_errors import form_error
from lumira.blueprints.pages.checkout_opening import Opening, open_once, own_address, stripes_pages
from lumira.blueprints.pages.checkout_visit import Visit
from lumira.blueprints.pages.replies import brand_context, page, page_locale
from lumira.domain.commands import CHECKOUT_PAGE, CheckoutCommand, CheckoutItem, Consents
from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import missing_parts
from lumira.errors import LumiraError
from lumira.errors.orders import InvalidPromotionCode
from lumira.pages import checkout
from lumira.pages.checkout import CodeState, FormError, FormState
from lumira.schemas.checkout_page import CheckoutPageForm
from lumira.services.checkout.view_offer import Offer

#: Bytes. The form has an address, a name and a signature.
_FORM_LENGTH = 16_384
#: The errors of what was entered, and not of the sale.
_INVALID = (FormError.EMAIL, FormError.NAME, FormError.ADDRESS, FormError.COUNTRY)

#: The fields of the address, by the names of `Address`.
ADDRESS_FIELDS = ("line1", "line2", "postal_code", "city", "state", "country", "phone")

#: The parameters that the page of another variant keeps.
_KEPT_PARAMETERS = (checkout_code.PARAMETER, checkout_frame.PARAMETER)

_Items = tuple[CheckoutItem, ...]


def show_form(items: _Items) -> Response:
    """The page that sells these items."""
    visit = checkout_visit.current_visit(g.caller.slug)
    offer, code = view_with_code(visit, items)
    if checkout_frame.is_framed():
        return _framed_page(items, offer, code)
    return _page(visit, items, offer, FormState(code=code))


def submit_form(items: _Items) -> Response:
    """Open the order of the form and lead the buyer to its payment, or to the order if nothing is left to pay."""
    request.max_content_length = _FORM_LENGTH
    visit = checkout_visit.current_visit(g.caller.slug)
    country = request.form.get("country", "")[:2].upper() or None
    offer, code = view_with_code(visit, items, country)
    state, signed = _read_form(offer, code)
    if "reprice" in request.form:
        return _page(visit, items, offer, state.failing(None))
    if country is not None and offer.zones and country != offer.country:
        state = state.failing(FormError.COUNTRY, "country")
    if state.error is None:
        visit, shown = _recognize(visit, items, signed)
        state = state.failing(_compare(shown, offer))
    if state.error is not None:
        is_invalid = state.error in _INVALID
        status = HTTPStatus.BAD_REQUEST if is_invalid else HTTPStatus.CONFLICT
        return _page(visit, items, offer, state, status=status)
    # A browser without JavaScript cannot show the Payment Element.
    is_paid_here = offer.is_paid_here and request.form.get("script") != "off"
    recipient = "\n".join((state.name, *state.address.values()))
    form_key = visit.form_key(items, _shown(offer), state.email, recipient, is_paid_here=is_paid_here)
    try:
        return open_once(Opening(visit, items, form_key, _command(items, state, offer), is_paid_here))
    except LumiraError as error:
        return _refused(visit, items, offer, state, error)


def _refused(visit: Visit, items: _Items, offer: Offer, state: FormState, error: LumiraError) -> Response:
    failed = state.failing(form_error(error))
    if isinstance(error, InvalidPromotionCode):
        failed = replace(failed, code=state.code.failing(error))
    if failed.error is FormError.CLOSED:
        # Under the same name, the same form would be refused again.
        visit = visit.renewed()
    return _page(visit, items, offer, failed, status=error.status, retry_after=error.retry_after)


def _read_form(offer: Offer, code: CodeState) -> tuple[FormState, str]:
    """What was entered, and the signature of what the page showed."""
    sent = {name: request.form.get(name, "") for name in CheckoutPageForm().fields}
    state = FormState(
        sent["email"],
        sent["name"],
        terms=bool(sent["terms"]),
        immediate_delivery=bool(sent["immediate_delivery"]),
        code=code,
        address={name: sent[name] for name in ADDRESS_FIELDS} if offer.zones else {},
    )
    try:
        read = CheckoutPageForm().load(sent)
    except ValidationError as error:
        wrong = [name for name in error.messages_dict if name in ADDRESS_FIELDS]
        if "email" in error.messages_dict:
            return state.failing(FormError.EMAIL, *wrong), ""
        return state.failing(FormError.ADDRESS if wrong else FormError.NAME, *wrong), ""
    address = {name: read[name] for name in ADDRESS_FIELDS} if offer.zones else {}
    read_state = replace(state, email=read["email"], name=read["name"], address=address)
    return _with_missing_parts(read_state, offer), read["shown"]


def _with_missing_parts(state: FormState, offer: Offer) -> FormState:
    """The state, with an error if the address lacks what a parcel needs."""
    address = _address_of(state)
    if address is None or offer.postage is None:
        return state
    missing = [
        camel.rpartition(".")[2] for camel in missing_parts(address, needs_phone=offer.postage.zone.phone)
    ]
    if "name" in missing:
        return state.failing(FormError.NAME)
    names = {"postalCode": "postal_code"}
    return (
        state.failing(FormError.ADDRESS, *(names.get(part, part) for part in missing)) if missing else state
    )


def _address_of(state: FormState) -> Address | None:
    """The recipient's address; `None` if nothing is sent."""
    if not state.address:
        return None
    parts = {name: text or None for name, text in state.address.items() if name != "country"}
    return Address(state.address["country"].upper(), name=state.name or None, **parts)


def _recognize(visit: Visit, items: _Items, signed: str) -> tuple[Visit, str | None]:
    """The visit that the form belongs to, and what its page showed; `None` if the form is not of this visitor."""
    shown = visit.read_form(items, signed)
    if shown is None and checkout_frame.is_sent_by_own_page():
        return visit.read_framed_form(items, signed) or (visit, None)
    return visit, shown


def _compare(shown: str | None, offer: Offer) -> FormError | None:
    if shown is None:
        return FormError.STALE
    if shown == _shown(offer):
        return None
    is_price = shown.split(" ")[:2] != _shown(offer).split(" ")[:2]
    return FormError.PRICE_CHANGED if is_price else FormError.TERMS_CHANGED


def _shown(offer: Offer) -> str:
    """What the buyer has to have seen: the price, the version of the terms, and the code that lowers the price."""
    shown = f"{offer.amount} {offer.currency} {offer.consents.terms_version or ''}"
    return f"{shown} {offer.promotion_code}" if offer.promotion_code else shown


def _command(items: _Items, state: FormState, offer: Offer) -> CheckoutCommand:
    shop = f"{own_address()}/checkout/{g.caller.slug}"
    command = CheckoutCommand(
        items,
        customer_email=state.email,
        customer_name=state.name or None,
        consents=_consents(state, offer),
        promotion_code=offer.promotion_code,
        shipping=_address_of(state),
        expected=(offer.amount, offer.currency),
        locale=page_locale(),
        success_url=f"{shop}/orders/{{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{own_address()}{request.full_path.rstrip('?')}",
    )
    return with_origin(command, request, source=CHECKOUT_PAGE)


def _consents(state: FormState, offer: Offer) -> Consents | None:
    """What the buyer ticked; `None` if the page showed no box."""
    if offer.consents.terms_version is None:
        return None
    return Consents(offer.consents.terms_version if state.terms else None, state.immediate_delivery)


def _path_of_variant(items: _Items, product_id: str) -> str:
    """The path of this page for another product, with the same quantity, promotion code and frame."""
    kept = {name: value for name in _KEPT_PARAMETERS if (value := request.args.get(name))}
    path = f"/checkout/{g.caller.slug}"
    if items[0].quantity == 1:
        path += f"/{product_id}"
    else:
        kept = {"items": f"{product_id}:{items[0].quantity}"} | kept
    return f"{path}?{urlencode(kept, safe=':')}" if kept else path


def _framed_page(items: _Items, offer: Offer, code: CodeState) -> Response:
    """The page for a frame: its form is sent by the whole window, and no cookie is set."""
    context = brand_context(offer)
    html = checkout.offer(
        context,
        offer,
        FormState(code=code),
        shown=checkout_visit.sign_framed_form(items, _shown(offer)),
        is_sold=offer.is_available,
        shop=f"/checkout/{g.caller.slug}",
        path_of=partial(_path_of_variant, items),
        whole_page=checkout_frame.whole_page(),
    )
    return page(
        html,
        context,
        forms_lead_to=stripes_pages(),
        framed_by=checkout_frame.framing_sites(),
        has_script=True,
    )


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
        path_of=partial(_path_of_variant, items),
    )
    reply = page(html, context, status, forms_lead_to=stripes_pages())
    if retry_after is not None:
        reply.headers["Retry-After"] = str(retry_after)
    return checkout_visit.remember(reply, g.caller.slug, visit)
