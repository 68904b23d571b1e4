"""A new product, and other values of an existing one. A form that is refused keeps what was written."""

from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import sent
from lumira.blueprints.pages.dashboard.products.catalog import path_of
from lumira.blueprints.pages.dashboard.products.product_form import ProductForm
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Language, Role
from lumira.errors import ChangedMeanwhile, CombinationTaken
from lumira.errors.catalog import LevelNumberTaken, ProductIdTaken
from lumira.services.catalog.add_product import add_product
from lumira.services.catalog.edit_product import edit_product
from lumira.services.catalog.view_groups import ProductGroup, view_group, view_groups
from lumira.services.catalog.view_products import Product, ProductKind, view_product

#: No product has this id.
_NEW = "/catalog/-/new"


@dashboard.page(_NEW, may=Role.OWNER)
def show_new() -> Response:
    """The form of a new product, or the choice of its kind first."""
    kind = _kind()
    group = _group()
    if kind is None or (group and kind is ProductKind.LEVEL):
        return page(
            "catalog_kinds.html.jinja",
            kinds=tuple(kind for kind in ProductKind if group is None or kind is not ProductKind.LEVEL),
            group=group,
            groups=[] if group else view_groups(visit.shop().tenant_id),
            path=f"{visit.shop().path}{_NEW}",
        )
    return _new_page(ProductForm.empty(kind, visit.shop().currency, group))


@dashboard.page(_NEW, may=Role.OWNER, methods=["POST"])
def add() -> Response:
    """Add a product."""
    kind, group = _kind(), _group()
    if kind is None or (group and kind is ProductKind.LEVEL):
        return show_new()
    form = ProductForm.sent(kind, visit.shop().currency, group)
    described = form.read()
    if described is None:
        return _new_page(form)
    try:
        add_product(visit.shop().tenant_id, described, active=form.is_active, actor=visit.operator().actor)
    except ProductIdTaken:
        form.errors["id"] = "id_taken"
        form.details["id"] = described.id
        return _new_page(form)
    except CombinationTaken as error:
        form.errors["form"] = "combination_taken"
        form.details["holder"] = str(error.details["product"])
        return _new_page(form)
    except ChangedMeanwhile:
        form.errors["form"] = "group_changed"
        form.group = _group()
        return _new_page(form)
    except LevelNumberTaken as error:
        form.errors["level"] = "level_taken"
        form.details["holder"] = str(error.details["product"])
        return _new_page(form)
    return done("catalog.added", to=path_of(described.id))


@dashboard.page("/catalog/<product_id>/edit", may=Role.OWNER)
def show_edit(product_id: str) -> Response:
    """The form with the values of a product."""
    product = _find(product_id)
    return _edit_page(product, ProductForm.of(product, comma=language() is Language.FRENCH))


@dashboard.page("/catalog/<product_id>/edit", may=Role.OWNER, methods=["POST"])
def edit(product_id: str) -> Response:
    """Change a product, also whether it is on sale."""
    tenant_id, product = visit.shop().tenant_id, _find(product_id)
    form = ProductForm.sent(product.kind, product.currency)
    described = form.read(existing=product)
    if described is None:
        return _edit_page(product, form)
    try:
        is_changed = edit_product(
            tenant_id,
            described,
            active=form.is_active,
            actor=visit.operator().actor,
            seen=form.seen or None,
        )
    except ChangedMeanwhile:
        # What is written is saved if the operator sends the form once more.
        form.errors["form"] = "changed_meanwhile"
        form.seen = _find(product_id).updated_at.isoformat()
        return _edit_page(product, form)
    return done("catalog.edited" if is_changed else "catalog.unchanged", to=path_of(product.id))


def _kind() -> ProductKind | None:
    return ProductKind(sent("kind")) if sent("kind") in tuple(ProductKind) else None


def _group() -> ProductGroup | None:
    """The group of which a new product becomes a variant."""
    group_id = request.args.get("group", "")
    return view_group(visit.shop().tenant_id, checked_name(group_id)).group if group_id else None


def _find(product_id: str) -> Product:
    return view_product(visit.shop().tenant_id, checked_name(product_id)).listed.product


def _new_page(form: ProductForm) -> Response:
    of_group = f"&group={form.group.id}" if form.group else ""
    path = f"{visit.shop().path}{_NEW}?kind={form.kind}{of_group}"
    return _form_page(form, product=None, path=path, back=f"{visit.shop().path}/catalog")


def _edit_page(product: Product, form: ProductForm) -> Response:
    return _form_page(form, product=product, path=f"{path_of(product.id)}/edit", back=path_of(product.id))


def _form_page(form: ProductForm, *, product: Product | None, path: str, back: str) -> Response:
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return page("catalog_form.html.jinja", status, form=form, product=product, path=path, back=back)
