"""The products of a shop, with their checkout links, and the stock of each."""

import re
from collections.abc import Callable
from http import HTTPStatus

from flask import Response, current_app, request

from config.settings import Settings
from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, sent
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.commands import MAX_UNITS
from lumira.domain.operators import Role
from lumira.domain.product_images import ALT_LENGTH, MAX_BYTES
from lumira.domain.product_terms import differences_from_file
from lumira.errors import ChangedMeanwhile, LumiraError, NotFound
from lumira.pages.dashboard.rendering import explain
from lumira.services.catalog.take_file_values import take_file_values
from lumira.services.catalog.view_products import view_product, view_products
from lumira.services.files.store_file import max_upload_bytes
from lumira.services.inventory.correct_stock import StockCorrection, adjust_stock, set_stock

_UNITS = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


@dashboard.page("/catalog", may=Role.VIEWER)
def show() -> Response:
    """One page of the products, with a link to sell each."""
    path = f"{visit.shop().path}/catalog"
    text = sent("q")
    group_id = sent("group")
    found = view_products(
        visit.shop().tenant_id,
        text=text,
        group_id=checked_name(group_id) if group_id else "",
        after=sent(AFTER),
    )
    return page(
        "catalog.html.jinja",
        products=found.products,
        text=text,
        group=found.group,
        path=path,
        pager=pager(path, {"q": text, "group": group_id}, found.next),
        shop_link=_checkout_link(),
        link_of=_checkout_link,
    )


@dashboard.page("/catalog/<product_id>", may=Role.VIEWER)
def show_product(product_id: str) -> Response:
    """One product: its terms, contents and stock, and who reserves its units until when."""
    details = view_product(visit.shop().tenant_id, checked_name(product_id))
    return page(
        "catalog_product.html.jinja",
        details=details,
        listed=details.listed,
        product=details.listed.product,
        differences=differences_from_file(details.listed.product),
        path=path_of(product_id),
        link=_checkout_link(product_id),
        max_units=MAX_UNITS,
        max_bytes=max_upload_bytes(),
        max_image_bytes=MAX_BYTES,
        alt_length=ALT_LENGTH,
    )


@dashboard.page("/catalog/<product_id>/file-values", may=Role.OWNER, methods=["POST"])
def take_values_of_file(product_id: str) -> Response:
    """Give the product the terms of the catalog file again."""
    try:
        is_changed = take_file_values(
            visit.shop().tenant_id,
            checked_name(product_id),
            actor=visit.operator().actor,
            seen=request.form.get("seen", "")[:100],
        )
    except ChangedMeanwhile:
        return failed("catalog.changed_meanwhile", to=path_of(product_id))
    return done("catalog.edited" if is_changed else "catalog.unchanged", to=path_of(product_id))


@dashboard.page("/catalog/<product_id>/stock/count", may=Role.OWNER, methods=["POST"])
def count(product_id: str) -> Response:
    """Set the units on hand to what was counted."""
    return _correct(product_id, set_stock)


@dashboard.page("/catalog/<product_id>/stock/adjust", may=Role.OWNER, methods=["POST"])
def adjust(product_id: str) -> Response:
    """Add or remove units."""
    return _correct(product_id, adjust_stock)


def _correct(product_id: str, correct: Callable[..., StockCorrection]) -> Response:
    tenant_id = visit.shop().tenant_id
    view_product(tenant_id, checked_name(product_id))
    units = request.form.get("units", "").strip()
    if not _UNITS.fullmatch(units):
        return failed("catalog.invalid_units", to=path_of(product_id))
    try:
        correction = correct(tenant_id, product_id, int(units), actor=visit.operator().actor)
    except NotFound:
        raise
    except LumiraError as error:
        is_later = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        message = "catalog.later" if is_later else "catalog.refused"
        return failed(message, to=path_of(product_id), why=explain(error, language()))
    return done(
        "catalog.corrected",
        to=path_of(product_id),
        before=str(correction.before),
        after=str(correction.after.on_hand),
    )


def path_of(product_id: str) -> str:
    """The path of a product's page; 404 for what cannot be an id."""
    return f"{visit.shop().path}/catalog/{checked_name(product_id)}"


def _checkout_link(product_id: str | None = None) -> str:
    """The link that sells a product, or the shop: under the address of the installation."""
    settings: Settings = current_app.extensions["lumira"]
    base = settings.public_url or request.host_url.rstrip("/")
    shop = f"{base}/checkout/{visit.shop().slug}"
    return shop if product_id is None else f"{shop}/{product_id}"
