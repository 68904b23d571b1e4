"""The promotion codes of a shop: listed, added, changed, and ended. A form that is refused keeps what was written."""

from http import HTTPStatus

from flask import Response, current_app, request

from config.settings import Settings
from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, sent
from lumira.blueprints.pages.dashboard.products.promotion_form import PromotionForm
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Language, Role
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import InvalidPromotionTerms
from lumira.services.promotions.change_promotions import add_promotion, edit_promotion, set_active
from lumira.services.promotions.view_promotions import (
    PromotionDetails,
    list_choices,
    view_page,
    view_promotion,
)


@dashboard.page("/promotions", may=Role.OWNER)
def show() -> Response:
    """One page of the codes, with what they take off and how often they are used."""
    text = sent("q")
    found = view_page(visit.shop().tenant_id, text=text, after=sent(AFTER))
    return page(
        "promotions.html.jinja",
        listed=found.listed,
        text=text,
        path=_path(),
        pager=pager(_path(), {"q": text}, found.next),
    )


@dashboard.page("/promotions/-/new", may=Role.OWNER)
def show_new() -> Response:
    """The form of a new code."""
    return _new_page(PromotionForm.empty())


@dashboard.page("/promotions/-/new", may=Role.OWNER, methods=["POST"])
def add() -> Response:
    """Add a code."""
    form = PromotionForm.sent()
    terms = form.read(visit.shop())
    if terms is None:
        return _new_page(form)
    try:
        add_promotion(visit.shop().tenant_id, terms, actor=visit.operator().actor)
    except InvalidPromotionTerms as error:
        form.refuse(error.details["problems"])  # type: ignore[arg-type]
        return _new_page(form)
    return done("promotions.added", to=f"{_path()}/{terms.code}")


@dashboard.page("/promotions/<code>", may=Role.OWNER)
def show_one(code: str) -> Response:
    """One code: its terms, its link, and the orders that use it."""
    details = view_promotion(visit.shop().tenant_id, checked_name(code))
    return _one_page(details, PromotionForm.of(details, visit.shop(), comma=language() is Language.FRENCH))


@dashboard.page("/promotions/<code>", may=Role.OWNER, methods=["POST"])
def edit(code: str) -> Response:
    """Change the terms of a code; orders keep theirs."""
    tenant_id = visit.shop().tenant_id
    details = view_promotion(tenant_id, checked_name(code))
    form = PromotionForm.sent()
    terms = form.read(visit.shop(), code=details.promotion.code)
    if terms is None:
        return _one_page(details, form)
    try:
        is_changed = edit_promotion(
            tenant_id, terms, actor=visit.operator().actor, seen=form.seen or details.fingerprint
        )
    except InvalidPromotionTerms as error:
        form.refuse(error.details["problems"])  # type: ignore[arg-type]
        return _one_page(details, form)
    except ChangedMeanwhile:
        # What is written is saved if the operator sends the form once more.
        form.errors["form"] = "changed_meanwhile"
        form.seen = details.fingerprint
        return _one_page(details, form)
    return done("promotions.edited" if is_changed else "promotions.unchanged", to=_path_of(details))


@dashboard.page("/promotions/<code>/disable", may=Role.OWNER, methods=["POST"])
def disable(code: str) -> Response:
    """Let a code count no longer for new orders."""
    return _set_active(code, active=False)


@dashboard.page("/promotions/<code>/enable", may=Role.OWNER, methods=["POST"])
def enable(code: str) -> Response:
    """Let a code count again."""
    return _set_active(code, active=True)


def _set_active(code: str, *, active: bool) -> Response:
    details = view_promotion(visit.shop().tenant_id, checked_name(code))
    set_active(visit.shop().tenant_id, details.promotion.code, active=active, actor=visit.operator().actor)
    return done("promotions.enabled" if active else "promotions.disabled", to=_path_of(details))


def _new_page(form: PromotionForm) -> Response:
    return page(
        "promotion_new.html.jinja",
        HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK,
        form=form,
        choices=list_choices(visit.shop().tenant_id),
        currency=visit.shop().currency,
        path=_path(),
    )


def _one_page(details: PromotionDetails, form: PromotionForm) -> Response:
    on_sale = list_choices(visit.shop().tenant_id)
    others = [product for product in details.products if product.id not in {each.id for each in on_sale}]
    return page(
        "promotion.html.jinja",
        HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK,
        details=details,
        promotion=details.promotion,
        form=form,
        choices=[*on_sale, *others],
        currency=visit.shop().currency,
        path=_path(),
        shop_path=visit.shop().path,
        link=f"{_shop_link()}?code={details.promotion.code}",
    )


def _path() -> str:
    return f"{visit.shop().path}/promotions"


def _path_of(details: PromotionDetails) -> str:
    return f"{_path()}/{details.promotion.code}"


def _shop_link() -> str:
    settings: Settings = current_app.extensions["lumira"]
    return f"{settings.public_url or request.host_url.rstrip('/')}/checkout/{visit.shop().slug}"
