"""Error handlers of the checkout pages, and what the form says about an error of the sale."""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response, g
from werkzeug.exceptions import BadRequest

from lumira.blueprints.pages import checkout_frame, errors
from lumira.blueprints.pages.replies import brand_context, notice_page, page
from lumira.errors import Conflict, IdempotencyInProgress, LumiraError, RateLimited
from lumira.errors.catalog import LevelNotFound, OutOfStock, PriceChanged, ProductNotFound
from lumira.errors.orders import (
    CountryNotServed,
    InvalidAddress,
    InvalidCart,
    InvalidPromotionCode,
    InvalidQuantity,
    MissingAddress,
    MissingConsent,
    OrderNotFound,
)
from lumira.pages import checkout
from lumira.pages.checkout import CheckoutNotice, FormError
from lumira.pages.portal import Notice
from lumira.services.checkout.view_opened import view_brand

log = structlog.get_logger()

#: What the form says about an error; the first that fits, so that a class stands before the one that it belongs to.
_SAID: tuple[tuple[type[LumiraError], FormError], ...] = (
    (MissingConsent, FormError.CONSENT),
    (InvalidPromotionCode, FormError.CODE),
    (CountryNotServed, FormError.COUNTRY),
    (InvalidAddress, FormError.ADDRESS),
    (MissingAddress, FormError.ADDRESS),
    (OutOfStock, FormError.OUT_OF_STOCK),
    (InvalidCart, FormError.HAS_IT_ALREADY),
    (RateLimited, FormError.TOO_OFTEN),
    (IdempotencyInProgress, FormError.BEING_OPENED),
    (PriceChanged, FormError.PRICE_CHANGED),
    (Conflict, FormError.CLOSED),
    (ProductNotFound, FormError.GONE),
    (LevelNotFound, FormError.GONE),
)


def register_handlers(blueprint: Blueprint) -> None:
    """Register handlers that reply with pages in the shop's brand, where the shop is known."""
    errors.register_handlers(blueprint)
    blueprint.register_error_handler(LumiraError, _reply_to_error)
    blueprint.register_error_handler(
        BadRequest, lambda _: _notice(CheckoutNotice.BAD_CART, HTTPStatus.BAD_REQUEST)
    )


def form_error(error: LumiraError) -> FormError:
    """What the form says about an error of the sale: what the buyer can do."""
    if error.code == "INVALID_EMAIL":
        return FormError.EMAIL
    for kind, said in _SAID:
        if isinstance(error, kind):
            return said
    if error.status is HTTPStatus.SERVICE_UNAVAILABLE:
        return FormError.LATER
    log.warning("page_failed", code=error.code, reason=error.message)
    return FormError.NOT_POSSIBLE


def _reply_to_error(error: LumiraError) -> Response:
    if isinstance(error, RateLimited):
        return errors.too_often_page(error.retry_after)
    if isinstance(error, InvalidQuantity | InvalidCart):
        return _notice(CheckoutNotice.BAD_CART, HTTPStatus.BAD_REQUEST)
    if isinstance(error, OrderNotFound):
        # It was never paid, and has been removed since.
        return _notice(CheckoutNotice.NOT_OPENED_HERE, HTTPStatus.NOT_FOUND)
    if error.status is HTTPStatus.NOT_FOUND:
        return _notice(CheckoutNotice.NOT_ON_SALE, HTTPStatus.NOT_FOUND)
    return errors.reply_to_error(error)


def _notice(kind: CheckoutNotice, status: HTTPStatus) -> Response:
    if "tenant_id" not in g:
        return notice_page(Notice.UNKNOWN, status)
    context = brand_context(view_brand(g.tenant_id))
    html = checkout.notice(context, kind, back=f"/checkout/{g.caller.slug}")
    if checkout_frame.is_framed():
        return page(html, context, status, framed_by=checkout_frame.framing_sites(), has_script=True)
    return page(html, context, status)
