"""Receipts in their hash chains, and an owner of the database who writes them anew."""

from collections.abc import Callable

import psycopg
from sqlalchemy import select

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain.hash_chain import GENESIS, next_digest
from lumira.models import Receipt, ReceiptLink
from lumira.repositories.receipts import receipt_chain
from lumira.repositories.receipts.receipt_chain import Position
from lumira.services.receipts.verified import Verified
from lumira.services.receipts.verify_receipts import verify_receipts
from tests.support.database_owner import database_owner
from tests.support.factories import Brand


def make_live(brand: Brand, settings: Settings) -> None:
    """Turn the brand's documents, which are of test mode, into documents of live mode."""
    with database_owner(settings) as connection:
        for table in ("receipts", "receipt_counters", "orders"):
            change = f"UPDATE {table} SET livemode = true WHERE tenant_id = %s"  # noqa: S608 - constants
            connection.execute(change, (brand.id,))
        connection.execute(
            "UPDATE receipts SET label = replace(label, '-TEST-', '-'), "
            "corrects_label = replace(corrects_label, '-TEST-', '-') WHERE tenant_id = %s",
            (brand.id,),
        )


def links(brand: Brand) -> list[ReceiptLink]:
    """Return the links of the brand's chains: those of test mode first."""
    with atomic(brand.id):
        query = select(ReceiptLink).order_by(ReceiptLink.livemode, ReceiptLink.sequence)
        return list(db.session.execute(query).scalars())


def documents(brand: Brand) -> list[Receipt]:
    """Return the brand's documents in the order of issue."""
    with atomic(brand.id):
        return list(db.session.execute(select(Receipt).order_by(Receipt.id)).scalars())


def verified(brand: Brand, on_progress: Callable[[int], None] = lambda _rows: None) -> Verified:
    """Verify the brand's receipts."""
    return verify_receipts(brand.id, on_progress)


def rewrite(connection: psycopg.Connection, brand: Brand) -> None:
    """Compute every link anew, as an attacker would who has read this code."""
    with atomic(brand.id):
        sealed = receipt_chain.list_links(brand.id, after=Position(), limit=1_000)
    previous, livemode = GENESIS, None
    for link in sealed:
        if link.livemode is not livemode:
            previous, livemode = GENESIS, link.livemode
        previous = next_digest(previous, link.content)
        connection.execute(
            "UPDATE receipt_links SET digest = %s WHERE tenant_id = %s AND livemode = %s AND sequence = %s",
            (previous, brand.id, link.livemode, link.sequence),
        )
