"""What products contain: made to agree with the catalog file, and found."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from lumira.database import db
from lumira.errors import NotFound
from lumira.models import Content, ContentKind


@dataclass(frozen=True, slots=True)
class CatalogContent:
    """One thing that a product contains, as the file has it."""

    product_id: str
    key: str
    title: str
    kind: ContentKind


@dataclass(frozen=True, slots=True)
class ContentChange:
    """What a content was and is now, in words; `None` where there was none, or is none any more."""

    product_id: str
    key: str
    before: str | None
    after: str | None


def apply(
    tenant_id: int, product_ids: Sequence[str], wanted: Sequence[CatalogContent]
) -> list[ContentChange]:
    """Make the contents of these products of a locked tenant agree with `wanted`, and tell what that changed.

    Those of other products stay: one that is no longer on sale is still opened by whoever has bought it.
    """
    query = (
        select(Content)
        .where(Content.tenant_id == tenant_id, Content.product_id.in_(product_ids))
        .order_by(Content.product_id, Content.position)
    )
    known = {(row.product_id, row.key): row for row in db.session.execute(query).scalars()}
    changes: list[ContentChange] = []
    positions: dict[str, int] = {}
    for entry in wanted:
        position = positions[entry.product_id] = positions.get(entry.product_id, -1) + 1
        row = known.pop((entry.product_id, entry.key), None)
        before = _told(row)
        if row is None:
            row = Content(tenant_id=tenant_id, product_id=entry.product_id, key=entry.key)
            db.session.add(row)
        row.title, row.kind, row.position, row.active = entry.title, entry.kind, position, True
        if before != _told(row):
            changes.append(ContentChange(entry.product_id, entry.key, before, _told(row)))
    for row in known.values():
        if row.active:
            changes.append(ContentChange(row.product_id, row.key, _told(row), None))
            # Its file stays, for the day on which the catalog names it again.
            row.active = False
    db.session.flush()
    return changes


def _told(row: Content | None) -> str | None:
    return None if row is None or not row.active else f"{row.position + 1}. {row.title} ({row.kind})"


def list_contents(tenant_id: int, product_ids: Sequence[str] | None = None) -> list[Content]:
    """What these products contain now, or all of them, in the order of the file."""
    query = select(Content).where(Content.tenant_id == tenant_id, Content.active)
    if product_ids is not None:
        query = query.where(Content.product_id.in_(product_ids))
    return list(db.session.execute(query.order_by(Content.product_id, Content.position)).scalars())


def lock_content(tenant_id: int, product_id: str, key: str) -> Content:
    """One content, locked until the transaction ends; `NotFound` names what there is not."""
    content = db.session.execute(
        select(Content)
        .where(
            Content.tenant_id == tenant_id,
            Content.product_id == product_id,
            Content.key == key,
            Content.active,
        )
        .with_for_update(key_share=True)
    ).scalar_one_or_none()
    if content is None:
        raise NotFound(f"The catalog names no content {key} of a product {product_id}.")
    return content
