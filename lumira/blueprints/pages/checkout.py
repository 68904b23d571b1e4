"""`/checkout`: a shop's products, the page that sells one of them or a cart, and the pages of its order.

The buyer pays on Stripe's page, or on Lumira's with Stripe's Payment Element; only that page needs a script.
"""

import re
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, g, request, send_from_directory

from config.settings import Settings
from lumira import extensions, pages, tenancy
from lumira.blueprints.pages import checkout_errors, checkout_payment, checkout_visit
from lumira.blueprints.pages.checkout_code import entered_code
from lumira.blueprints.pages.checkout_form import show_form, submit_form
from lumira.blueprints.pages.checkout_opening import see_other
from lumira.blueprints.pages.checkout_visit import OpenedHere
from lumira.blueprints.pages.replies import brand_context, page
from lumira.domain.commands import CheckoutItem
from lumira.domain.shown_images import images_path
from lumira.errors.catalog import ProductNotFound
from lumira.errors.tenants import TenantNotFound
from lumira.pages import checkout
from lumira.pages.checkout import CheckoutNotice
from lumira.schemas.checkout_page import read_items, read_product
from lumira.services.catalog.view_images import find_image_content, find_image_path
from lumira.services.checkout.view_offer import view_shop
from lumira.services.checkout.view_opened import OpenedOrder, Progress, view_brand, view_opened

blueprint = Blueprint("checkout", __name__, url_prefix="/checkout")
checkout_errors.register_handlers(blueprint)

#: Seconds for which a browser uses the script of the button without asking again.
_SCRIPT_LIFETIME = 3600
#: The beginning of an image's hash.
_VERSION = re.compile("[0-9a-f]{16}")
#: Seconds for which a browser uses an image: another one has another URL.
_IMAGE_LIFETIME = 365 * 24 * 3600
#: Seconds between two looks at a payment whose result is on the way; the last one is repeated.
_LOOK_AGAIN_AFTER = (2, 3, 5, 10, 20, 30)


@blueprint.before_request
def lead_to_public_url() -> Response | None:
    """Let every page be seen under one address: Stripe's page leads back there, and cookies belong to a host."""
    settings: Settings = current_app.extensions["lumira"]
    public = urlsplit(settings.public_url or "")
    is_own = public.netloc in ("", request.host) or settings.is_development
    if is_own or tenancy.find_by_domain(tenancy.host_name(request.host)) is not None:
        return None
    address = f"{settings.public_url}{request.full_path.rstrip('?')}"
    return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": address})


@blueprint.get("", defaults={"name": None})
@blueprint.get("/<name>")
def show(name: str | None) -> Response:
    """By the tenant's slug its products, or a cart; on a tenant's domain `name` may be a product."""
    items = _find_items(name)
    return _shop_page() if items is None else show_form(items)


@blueprint.post("", defaults={"name": None})
@blueprint.post("/<name>")
def buy(name: str | None) -> Response:
    """Open the order of the form on `show`."""
    items = _find_items(name)
    if items is None:
        abort(HTTPStatus.METHOD_NOT_ALLOWED)
    return submit_form(items)


@blueprint.get("/embed.js", defaults={"slug": None})
@blueprint.get("/<slug>/embed.js")
def send_button(slug: str | None) -> Response:
    """The script that puts a button on any page of a shop; the same for all shops."""
    _enter_shop(slug)
    reply = send_from_directory(pages.STATIC, "embed.js", max_age=_SCRIPT_LIFETIME)
    reply.cache_control.public = True
    # Other sites embed it, also those that isolate themselves or check its hash.
    reply.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    reply.headers["Access-Control-Allow-Origin"] = "*"
    return reply


@blueprint.get("/<slug>/images/<product_id>/<string(length=16):version>-<int(max=9999):width>.webp")
def send_image(slug: str, product_id: str, version: str, width: int) -> Response:
    """The image of a product in one of its sizes; a URL of an image that was replaced leads to the new one."""
    http = extensions.of()
    if http.limiter.enabled:
        with http.image_limit:
            return _image(slug, product_id, version, width)
    return _image(slug, product_id, version, width)


def _image(slug: str, product_id: str, version: str, width: int) -> Response:
    _enter_shop(slug)
    if read_product(product_id) is None or _VERSION.fullmatch(version) is None:
        abort(HTTPStatus.NOT_FOUND)
    content = find_image_content(g.tenant_id, product_id, width=width, version=version)
    if content is None:
        return _newer_image(product_id, width)
    reply = Response(content, mimetype="image/webp")
    reply.cache_control.public = True
    reply.cache_control.max_age = _IMAGE_LIFETIME
    reply.cache_control.immutable = True
    # A shop's own pages and its e-mails show it too.
    reply.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    reply.set_etag(f"{version}-{width}")
    reply.make_conditional(request)
    return reply


def _newer_image(product_id: str, width: int) -> Response:
    """Lead to the image that the product has now: orders and e-mails contain the URL of an earlier one."""
    path = find_image_path(g.tenant_id, product_id, width=width)
    if path is None:
        abort(HTTPStatus.NOT_FOUND)
    reply = see_other(f"{images_path(g.caller.slug)}/{path}")
    reply.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return reply


@blueprint.get("/<slug>/<product_id>")
def show_product(slug: str, product_id: str) -> Response:
    """The page of one product."""
    _enter_shop(slug)
    return show_form(_product(product_id))


@blueprint.post("/<slug>/<product_id>")
def buy_product(slug: str, product_id: str) -> Response:
    """Open the order of the form on `show_product`."""
    _enter_shop(slug)
    return submit_form(_product(product_id))


@blueprint.get("/<slug>/orders/<reference>")
def show_order(slug: str, reference: str) -> Response:
    """How far the payment is, for the visitor who opened it; for others a page that says nothing about it."""
    _enter_shop(slug)
    visit = checkout_visit.current_visit(slug)
    opened = visit.find(reference)
    if opened is None:
        return _not_opened_here()
    if checkout_payment.is_return():
        return checkout_payment.return_from_stripe(opened)
    view = view_opened(g.tenant_id, opened.order_number)
    reply = _order_page(view, opened)
    if view.progress in (Progress.PAID, Progress.REVERSED) and opened.form_key:
        # The same form, sent again from now on, is another purchase.
        shown = replace(opened, form_key="")
        return checkout_visit.remember_order(reply, slug, visit.renewed(), shown)
    return reply


@blueprint.get("/<slug>/orders/<reference>/pay")
def show_payment(slug: str, reference: str) -> Response:
    """The page on which the visitor who opened the order pays it."""
    _enter_shop(slug)
    opened = checkout_visit.current_visit(slug).find(reference)
    return _not_opened_here() if opened is None else checkout_payment.show_payment(opened)


@blueprint.post("/<slug>/orders/<reference>/pay")
def check_payment(slug: str, reference: str) -> Response:
    """Whether the buyer may confirm the payment now; asked by the page's script."""
    _enter_shop(slug)
    opened = checkout_visit.current_visit(slug).find(reference)
    if opened is None:
        abort(HTTPStatus.NOT_FOUND)
    return checkout_payment.check_before_payment(opened)


@blueprint.post("/<slug>/orders/<reference>/hosted")
def pay_on_stripes_page(slug: str, reference: str) -> Response:
    """Lead the buyer to Stripe's page instead, such as without JavaScript."""
    _enter_shop(slug)
    visit = checkout_visit.current_visit(slug)
    opened = visit.find(reference)
    return _not_opened_here() if opened is None else checkout_payment.pay_on_stripes_page(visit, opened)


def _not_opened_here() -> Response:
    context = brand_context(view_brand(g.tenant_id))
    return page(checkout.notice(context, CheckoutNotice.NOT_OPENED_HERE, back=_shop_path()), context)


def _order_page(view: OpenedOrder, opened: OpenedHere) -> Response:
    context = brand_context(view)
    is_payable_here = view.is_payable_here and view.tenant.stripe_publishable_key is not None
    look_again = _look_again() if view.progress is Progress.PAYABLE else None
    # The order may have another address: that of a customer that the typed one was merged into.
    email = view.order.customer_email
    html = checkout.opened(
        context,
        view,
        sent_to=email if opened.is_for(email) else None,
        again=checkout_payment.again_path(view),
        pay=f"{request.path}/pay" if is_payable_here else None,
        shop=_shop_path(),
        look_again=look_again,
    )
    return page(html, context, has_script=look_again is not None)


def _look_again() -> str:
    """After how many seconds the page loads itself again, and its URL then, as `Refresh` has it."""
    looks = request.args.get("looks", default=0, type=int)
    look = min(max(looks, 0), len(_LOOK_AGAIN_AFTER) - 1)
    return f"{_LOOK_AGAIN_AFTER[look]}; url={request.path}?looks={look + 1}"


def _enter_shop(slug: str | None) -> None:
    """Let the running request see this tenant, with the rights of any visitor; raises `TenantNotFound`."""
    shop = tenancy.find_shop(slug)
    if shop is None:
        raise TenantNotFound("There is no such shop.")
    g.caller, g.tenant_id = shop, shop.tenant_id


def _find_items(name: str | None) -> tuple[CheckoutItem, ...] | None:
    """Enter the shop and return what its page sells; `None` for the list of its products."""
    by_domain = tenancy.find_shop(None)
    if by_domain is not None and name not in (None, by_domain.slug):
        _enter_shop(None)
        return _product(name)
    _enter_shop(name)
    if "items" not in request.args:
        return None
    items = read_items(request.args["items"])
    if items is None:
        abort(HTTPStatus.BAD_REQUEST)
    return items


def _product(product_id: str) -> tuple[CheckoutItem, ...]:
    item = read_product(product_id)
    if item is None:
        raise ProductNotFound("This product is not on sale.")
    return (item,)


def _shop_page() -> Response:
    view = view_shop(g.tenant_id)
    context = brand_context(view)
    html = checkout.shop(context, view.entries, here=_shop_path(), code=entered_code())
    return page(html, context)


def _shop_path() -> str:
    return f"/checkout/{g.caller.slug}"
