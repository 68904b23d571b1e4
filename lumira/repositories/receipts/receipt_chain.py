"""Receipts and credit notes with the links of their hash chains, inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from lumira.database import db
from lumira.models import ReceiptKind, ReceiptLink

# What a link covers: every column but `buyer`, which erasure empties. PostgreSQL writes the text and no function of the
# database, which its owner could replace; the digests are computed here. The text must be the same for the same row
# for ever: a column that is added later may stand in it only for documents that have a value in it.
CONTENT = """
    json_build_object(
        'tenant', r.tenant_id, 'number', r.label, 'kind', r.kind, 'livemode', r.livemode, 'year', r.year,
        'numberInSeries', r.number, 'issuedAt', r.issued_at AT TIME ZONE 'UTC', 'timeZone', r.time_zone,
        'order', r.order_number, 'paymentOrRefund', r.subject, 'movedAt', r.moved_at AT TIME ZONE 'UTC',
        'amount', r.amount, 'vat', r.vat_amount, 'currency', r.currency, 'seller', r.seller, 'lines', r.lines,
        'corrects', r.corrects_label, 'consents', r.consents,
        'id', r.id, 'orderId', r.order_id, 'correctsId', r.corrects_id
    )::text
"""

_IS_SAME_SERIES = (
    "l.tenant_id = c.tenant_id AND l.kind = c.series AND l.livemode = c.livemode AND l.year = c.year"
)

# Of each series only what follows its last sealed number: the counter stays locked until a document is committed, so
# whoever sees a number sees every lower one of its series.
_UNSEALED_SERIES = text(
    f"""
    SELECT c.series AS kind, c.livemode, c.year, c.last_number, coalesce(sealed.number, 0) AS sealed
    FROM receipt_counters AS c
    LEFT JOIN LATERAL (
        SELECT number FROM receipt_links AS l WHERE {_IS_SAME_SERIES} ORDER BY number DESC LIMIT 1
    ) AS sealed ON true
    WHERE c.tenant_id = :tenant_id AND c.last_number > coalesce(sealed.number, 0)
    ORDER BY c.year, c.livemode, c.series DESC
    """  # noqa: S608 - constants
)

_UNSEALED = text(
    f"""
    SELECT r.number, {CONTENT} AS content FROM receipts AS r
    WHERE r.tenant_id = :tenant_id AND r.kind = :kind AND r.livemode = :livemode AND r.year = :year
        AND r.number > :after
    ORDER BY r.number LIMIT :limit
    """  # noqa: S608 - constants
)

_LINKS = text(
    f"""
    SELECT l.livemode, l.sequence, l.digest, {CONTENT} AS content
    FROM receipt_links AS l
    LEFT JOIN receipts AS r ON r.tenant_id = l.tenant_id AND r.kind = l.kind AND r.livemode = l.livemode
        AND r.year = l.year AND r.number = l.number
    WHERE l.tenant_id = :tenant_id AND (l.livemode, l.sequence) > (:livemode, :sequence)
    ORDER BY l.livemode, l.sequence LIMIT :limit
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class UnsealedSeries:
    """A series with documents that have no link yet."""

    kind: str
    livemode: bool
    year: int
    last_number: int
    #: The last number that has a link.
    sealed: int

    def parameters(self, tenant_id: int) -> dict[str, Any]:
        """Return the parameters of a statement about its documents without a link."""
        return {
            "tenant_id": tenant_id,
            "kind": self.kind,
            "livemode": self.livemode,
            "year": self.year,
            "after": self.sealed,
        }


@dataclass(frozen=True, slots=True)
class Position:
    """A link in the chains of a tenant: that of test mode comes before the other."""

    livemode: bool = False
    sequence: int = 0


def list_unsealed_series(tenant_id: int) -> list[UnsealedSeries]:
    """Return the series that have documents without a link, by year."""
    rows = db.session.execute(_UNSEALED_SERIES, {"tenant_id": tenant_id})
    return [UnsealedSeries(*row) for row in rows]


def list_unsealed(tenant_id: int, series: UnsealedSeries, limit: int) -> Sequence[tuple[dict[str, Any], str]]:
    """Return the columns that name each document without a link, and its content, by number."""
    values = series.parameters(tenant_id) | {"limit": limit}
    named = {"kind": series.kind, "year": series.year}
    return [({**named, "number": row.number}, row.content) for row in db.session.execute(_UNSEALED, values)]


def list_links(tenant_id: int, *, after: Position, limit: int) -> Sequence[Any]:
    """Return rows of `livemode`, `sequence`, `digest` and `content`, in order.

    `content` is that of a row of nulls if the document is missing.
    """
    values = {
        "tenant_id": tenant_id,
        "livemode": after.livemode,
        "sequence": after.sequence,
        "limit": limit,
    }
    return db.session.execute(_LINKS, values).all()


def find_link(tenant_id: int, position: Position) -> ReceiptLink:
    """Return one link."""
    return db.session.get_one(ReceiptLink, (tenant_id, position.livemode, position.sequence))


def find_year(tenant_id: int, year: int, *, livemode: bool) -> tuple[int, int] | None:
    """Return the sequences of the first and the last link of a year's documents."""
    query = select(func.min(ReceiptLink.sequence), func.max(ReceiptLink.sequence)).where(
        ReceiptLink.tenant_id == tenant_id,
        ReceiptLink.kind.in_(list(ReceiptKind)),
        ReceiptLink.livemode == livemode,
        ReceiptLink.year == year,
    )
    first, last = db.session.execute(query).one()
    return None if first is None else (first, last)


def count_unsealed(tenant_id: int, *, before: datetime) -> int:
    """Return how many documents that were issued before this time have no link."""
    count = 0
    for series in list_unsealed_series(tenant_id):
        query = text(
            "SELECT count(*) FROM receipts WHERE tenant_id = :tenant_id AND kind = :kind AND livemode = :livemode "
            "AND year = :year AND number > :after AND issued_at < :before"
        )
        values = series.parameters(tenant_id) | {"before": before}
        count += db.session.execute(query, values).scalar_one()
    return count
