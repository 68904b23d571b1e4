"""The links of a tenant's hash chains, inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, insert, select, text

from lumira.database import db
from lumira.domain.hash_chain import GENESIS, next_digest
from lumira.models import AlertKind, AuditLink, ReceiptClosing, ReceiptLink

Link = AuditLink | ReceiptClosing | ReceiptLink


@dataclass(frozen=True, slots=True)
class Chain:
    """One of a tenant's chains."""

    #: The name of the chain in its heads.
    name: str
    model: type[AuditLink] | type[ReceiptClosing] | type[ReceiptLink]
    #: Raised while the chain differs from a stored head.
    alert: AlertKind
    #: Values that all links of this chain have, and no link of another chain in the same table.
    values: Mapping[str, Any]

    def of(self, tenant_id: int) -> list[ColumnElement[bool]]:
        """Return the condition for the links of this chain."""
        return [
            self.model.tenant_id == tenant_id,
            *(getattr(self.model, name) == value for name, value in self.values.items()),
        ]


AUDIT = Chain("audit", AuditLink, AlertKind.AUDIT_CHAIN_BROKEN, {})
RECEIPTS = Chain("receipts", ReceiptLink, AlertKind.RECEIPT_CHAIN_BROKEN, {"livemode": True})
TEST_RECEIPTS = Chain("test-receipts", ReceiptLink, AlertKind.RECEIPT_CHAIN_BROKEN, {"livemode": False})
CLOSINGS = Chain("receipt-closings", ReceiptClosing, AlertKind.RECEIPT_CHAIN_BROKEN, {})


def lock(chain: Chain, tenant_id: int) -> None:
    """Let only one process add links until the transaction ends. The primary key would refuse a second chain too."""
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:table || '_chain'), :tenant_id)"),
        {"table": chain.model.__tablename__, "tenant_id": tenant_id},
    )


def find_last(chain: Chain, tenant_id: int) -> Link | None:
    """Return the last link."""
    query = select(chain.model).where(*chain.of(tenant_id)).order_by(chain.model.sequence.desc()).limit(1)
    return cast("Link | None", db.session.execute(query).scalar_one_or_none())


def find_begin(chain: Chain, tenant_id: int) -> datetime | None:
    """Return when the chain's first link was made; `None` if there is none."""
    query = select(chain.model.sealed_at).where(*chain.of(tenant_id), chain.model.sequence == 1)
    return db.session.execute(query).scalar_one_or_none()


def find_digest(chain: Chain, tenant_id: int, sequence: int) -> bytes | None:
    """Return the digest of a link."""
    query = select(chain.model.digest).where(*chain.of(tenant_id), chain.model.sequence == sequence)
    return db.session.execute(query).scalar_one_or_none()


def append(
    chain: Chain, tenant_id: int, contents: Iterable[tuple[Mapping[str, Any], str]], now: datetime
) -> None:
    """Add a link for each content, given the columns that name its row; the caller has locked the chain."""
    last = find_last(chain, tenant_id)
    sequence, digest = (0, GENESIS) if last is None else (last.sequence, last.digest)
    links = []
    for columns, content in contents:
        sequence, digest = sequence + 1, next_digest(digest, content)
        links.append({"sequence": sequence, "digest": digest, **columns})
    if links:
        shared = {"tenant_id": tenant_id, "sealed_at": now, **chain.values}
        db.session.execute(insert(chain.model), [shared | link for link in links])
