"""Contents of products: applied from the catalog file, listed and locked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from lumira.database import db
from lumira.errors import NotFound
from lumira.models import Content, ContentKind, File


@dataclass(frozen=True, slots=True)
class CatalogContent:
    """A content of a product in the catalog file."""

    product_id: str
    key: str
    title: str
    kind: ContentKind


@dataclass(frozen=True, slots=True)
class ContentChange:
    """A change of one content, described before and after; `None` if it did not or does not exist."""

    product_id: str
    key: str
    before: str | None
    after: str | None


def apply(
    tenant_id: int, product_ids: Sequence[str], entries: Sequence[CatalogContent]
) -> list[ContentChange]:
    """Apply the catalog's contents to these products of a locked tenant; return the changes.

    Contents of other products stay: buyers keep access to a product that is no longer on sale.
    """
    query = (
        select(Content)
        .where(Content.tenant_id == tenant_id, Content.product_id.in_(product_ids))
        .order_by(Content.product_id, Content.position)
    )
    existing = {(row.product_id, row.key): row for row in db.session.execute(query).scalars()}
    changes: list[ContentChange] = []
    positions: dict[str, int] = {}
    for entry in entries:
        position = positions[entry.product_id] = positions.get(entry.product_id, -1) + 1
        row = existing.pop((entry.product_id, entry.key), None)
        before = _description(row)
        if row is None:
            row = Content(tenant_id=tenant_id, product_id=entry.product_id, key=entry.key)
            db.session.add(row)
        row.title, row.kind, row.position, row.active = entry.title, entry.kind, position, True
        if before != _description(row):
            changes.append(ContentChange(entry.product_id, entry.key, before, _description(row)))
    for row in existing.values():
        if row.active:
            changes.append(ContentChange(row.product_id, row.key, _description(row), None))
            # The file stays: the catalog may list the content again.
            row.active = False
    db.session.flush()
    return changes


def _description(row: Content | None) -> str | None:
    return None if row is None or not row.active else f"{row.position + 1}. {row.title} ({row.kind})"


def list_contents(tenant_id: int, product_ids: Sequence[str] | None = None) -> list[Content]:
    """List the active contents of these products, or of all, in the order of the catalog file."""
    query = select(Content).where(Content.tenant_id == tenant_id, Content.active)
    if product_ids is not None:
        query = query.where(Content.product_id.in_(product_ids))
    return list(db.session.execute(query.order_by(Content.product_id, Content.position)).scalars())


def find_of_file(file: File) -> Content | None:
    """Return the content that the file belongs to, active or not; `None` for another kind of file."""
    if file.content_id is None:
        return None
    return db.session.get_one(Content, (file.tenant_id, file.content_id))


def get_content(tenant_id: int, product_id: str, key: str) -> Content:
    """Return one active content. Raises `NotFound`."""
    return _get(_by_key(tenant_id, product_id, key), product_id, key)


def lock_content(tenant_id: int, product_id: str, key: str) -> Content:
    """Return one active content, locked until the transaction ends. Raises `NotFound`."""
    query = _by_key(tenant_id, product_id, key).with_for_update(key_share=True)
    return _get(query, product_id, key)


def _by_key(tenant_id: int, product_id: str, key: str) -> Select[Content]:
    return select(Content).where(
        Content.tenant_id == tenant_id, Content.product_id == product_id, Content.key == key, Content.active
    )


def _get(query: Select[Content], product_id: str, key: str) -> Content:
    content = db.session.execute(query).scalar_one_or_none()
    if content is None:
        raise NotFound(f"The catalog has no content {key} of product {product_id}.")
    return content
