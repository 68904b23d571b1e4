"""The contents and deliverables of a product: added, renamed and removed, by the rules of the catalog file."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.products.catalog import path_of
from lumira.blueprints.pages.dashboard.replies import done, failed
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.domain.product_ids import id_from_name
from lumira.errors import ChangedMeanwhile, NotFound
from lumira.errors.catalog import CatalogError
from lumira.schemas.catalog_file import parse_entries
from lumira.services.catalog.catalog import contents_of
from lumira.services.catalog.change_entries import change_contents, change_deliverables
from lumira.services.catalog.view_products import ProductDetails, view_product

_Entry = dict[str, str]

#: More characters than any field of the file may have.
_LONGEST = 500
#: The end of the path of a wrong value, such as `contents[0].title`.
_FIELD = re.compile(r"\]\.(key|title|kind)$")


class _Part(StrEnum):
    """The two lists of a product, as the catalog file names them."""

    CONTENTS = "contents"
    DELIVERABLES = "deliverables"


@dashboard.page("/catalog/<product_id>/contents", may=Role.OWNER, methods=["POST"])
def add_content(product_id: str) -> Response:
    """Add a content; its file is uploaded afterwards."""
    return _add(product_id, _Part.CONTENTS, {"kind": _sent("kind")})


@dashboard.page("/catalog/<product_id>/contents/<key>/rename", may=Role.OWNER, methods=["POST"])
def rename_content(product_id: str, key: str) -> Response:
    """Change the title of a content."""
    return _rename(product_id, _Part.CONTENTS, key)


@dashboard.page("/catalog/<product_id>/contents/<key>/remove-entry", may=Role.OWNER, methods=["POST"])
def remove_content(product_id: str, key: str) -> Response:
    """Remove a content: buyers no longer see it, and its file is kept."""
    return _remove(product_id, _Part.CONTENTS, key)


@dashboard.page("/catalog/<product_id>/deliverables", may=Role.OWNER, methods=["POST"])
def add_deliverable(product_id: str) -> Response:
    """Add a deliverable for the buyers of later orders."""
    return _add(product_id, _Part.DELIVERABLES, {})


@dashboard.page("/catalog/<product_id>/deliverables/<key>/rename", may=Role.OWNER, methods=["POST"])
def rename_deliverable(product_id: str, key: str) -> Response:
    """Change the title of a deliverable for later orders."""
    return _rename(product_id, _Part.DELIVERABLES, key)


@dashboard.page("/catalog/<product_id>/deliverables/<key>/remove-entry", may=Role.OWNER, methods=["POST"])
def remove_deliverable(product_id: str, key: str) -> Response:
    """Remove a deliverable from later orders."""
    return _remove(product_id, _Part.DELIVERABLES, key)


def _add(product_id: str, part: _Part, more: _Entry) -> Response:
    title = _sent("title")
    added = {"key": _sent("key") or id_from_name(title), "title": title} | more

    def edit(entries: list[_Entry]) -> list[_Entry]:
        # The form was sent twice: the entry is there already.
        return entries if added in entries else [*entries, added]

    return _change(product_id, part, edit, "added")


def _rename(product_id: str, part: _Part, key: str) -> Response:
    def edit(entries: list[_Entry]) -> list[_Entry]:
        _check_listed(entries, key)
        return [entry | {"title": _sent("title")} if entry["key"] == key else entry for entry in entries]

    return _change(product_id, part, edit, "renamed")


def _remove(product_id: str, part: _Part, key: str) -> Response:
    def edit(entries: list[_Entry]) -> list[_Entry]:
        _check_listed(entries, key)
        return [entry for entry in entries if entry["key"] != key]

    return _change(product_id, part, edit, f"{part}_removed")


def _change(
    product_id: str, part: _Part, edit: Callable[[list[_Entry]], list[_Entry]], message: str
) -> Response:
    details = view_product(visit.shop().tenant_id, checked_name(product_id))
    product = details.listed.product
    path = path_of(product.id)
    before = _entries(details, part)
    try:
        described = parse_entries(product.kind, part, edit(before))
        is_changed = _save(product.id, part, described, before)
    except CatalogError as error:
        return failed(f"entries.{_problem(error)}", to=path)
    except ChangedMeanwhile:
        return failed("entries.changed_meanwhile", to=path)
    return done(f"entries.{message}" if is_changed else "entries.unchanged", to=path)


def _entries(details: ProductDetails, part: _Part) -> list[_Entry]:
    if part is _Part.DELIVERABLES:
        return [dict(entry) for entry in details.listed.product.deliverables]
    return [
        {"key": content.key, "title": content.title, "kind": str(content.kind)}
        for content, _ in details.contents
    ]


def _save(product_id: str, part: _Part, described: Sequence[_Entry], seen: Sequence[_Entry]) -> bool:
    tenant_id, actor = visit.shop().tenant_id, visit.operator().actor
    if part is _Part.DELIVERABLES:
        return change_deliverables(tenant_id, product_id, described, seen=seen, actor=actor)
    return change_contents(
        tenant_id,
        product_id,
        contents_of(product_id, described),
        seen=contents_of(product_id, seen),
        actor=actor,
    )


def _problem(error: CatalogError) -> str:
    """The message about the first wrong value; about the whole list if each entry is right."""
    found = [match[1] for name in error.fields or {} if (match := _FIELD.search(name))]
    if "title" in found:
        # The key follows from the title.
        return "invalid_title"
    return f"invalid_{found[0]}" if found else "invalid_list"


def _check_listed(entries: Sequence[_Entry], key: str) -> None:
    if all(entry["key"] != key for entry in entries):
        raise NotFound("This object does not exist.")


def _sent(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST].strip()
