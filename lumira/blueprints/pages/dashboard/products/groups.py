"""Groups of products: a new one, and other values of an existing one. A form that is refused keeps what was written."""

from http import HTTPStatus

from flask import Response

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.products.group_form import GroupForm
from lumira.blueprints.pages.dashboard.replies import done, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import ChangedMeanwhile, GroupIdTaken, InvalidRequest, OptionsInUse
from lumira.services.catalog.change_group import add_group, edit_group
from lumira.services.catalog.view_groups import ProductGroup, view_group

#: No product has the id `-`.
_NEW = "/catalog/-/groups/new"


@dashboard.page(_NEW, may=Role.OWNER)
def show_new_group() -> Response:
    """The form of a new group."""
    return _form_page(GroupForm.empty(), None)


@dashboard.page(_NEW, may=Role.OWNER, methods=["POST"])
def add_new_group() -> Response:
    """Add a group, and lead to the choice of its first product."""
    form = GroupForm.sent()
    described = form.read()
    if described is None:
        return _form_page(form, None)
    try:
        add_group(visit.shop().tenant_id, described, actor=visit.operator().actor)
    except GroupIdTaken:
        form.errors["id"] = "id_taken"
        form.details["id"] = described.id
        return _form_page(form, None)
    return done("groups.added", to=f"{visit.shop().path}/catalog/-/new?group={described.id}")


@dashboard.page("/catalog/-/groups/<group_id>/edit", may=Role.OWNER)
def show_group_edit(group_id: str) -> Response:
    """The form with the values of a group."""
    group = _find(group_id)
    return _form_page(GroupForm.of(group), group)


@dashboard.page("/catalog/-/groups/<group_id>/edit", may=Role.OWNER, methods=["POST"])
def edit_existing_group(group_id: str) -> Response:
    """Change a group, and the names of its variants with it."""
    group, form = _find(group_id), GroupForm.sent()
    described = form.read(existing=group)
    if described is None:
        return _form_page(form, group)
    try:
        is_changed = edit_group(
            visit.shop().tenant_id, described, actor=visit.operator().actor, seen=form.seen or None
        )
    except OptionsInUse as error:
        form.errors["form"] = "options_in_use"
        form.details["product"] = str(error.details["product"])
        return _form_page(form, group)
    except InvalidRequest:
        form.errors["name"] = "name_with_options"
        return _form_page(form, group)
    except ChangedMeanwhile:
        # What is written is saved if the operator sends the form once more.
        form.errors["form"] = "changed_meanwhile"
        form.seen = _find(group_id).updated_at.isoformat()
        return _form_page(form, group)
    return done("groups.edited" if is_changed else "groups.unchanged", to=_path_of(group.id))


def _find(group_id: str) -> ProductGroup:
    return view_group(visit.shop().tenant_id, checked_name(group_id)).group


def _path_of(group_id: str) -> str:
    """The path of the list of a group's products."""
    return f"{visit.shop().path}/catalog?group={group_id}"


def _form_page(form: GroupForm, group: ProductGroup | None) -> Response:
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    shop = visit.shop().path
    return page(
        "catalog_group.html.jinja",
        status,
        form=form,
        group=group,
        path=f"{shop}{_NEW}" if group is None else f"{shop}/catalog/-/groups/{group.id}/edit",
        back=f"{shop}/catalog" if group is None else _path_of(group.id),
    )
