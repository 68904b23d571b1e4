"""The encrypted columns, read and replaced as they are: for encrypting them again with another key."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from lumira.database import db
from lumira.models import CrmConnection, CrmInbox, IdempotencyKey, OperatorCredentials, Tenant, WebhookSecret


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """An encrypted column, and the column that identifies its rows within a tenant or an operator."""

    model: type[DeclarativeBase]
    key: InstrumentedAttribute[Any]
    sealed: InstrumentedAttribute[Any]

    @property
    def name(self) -> str:
        """The table and the column."""
        return f"{self.model.__tablename__}.{self.sealed.key}"


OF_TENANTS = (
    SealedColumn(Tenant, Tenant.id, Tenant.stripe_secret_key_sealed),
    SealedColumn(Tenant, Tenant.id, Tenant.team_webhook_sealed),
    SealedColumn(CrmConnection, CrmConnection.tenant_id, CrmConnection.api_key_sealed),
    SealedColumn(CrmInbox, CrmInbox.tenant_id, CrmInbox.secret_sealed),
    SealedColumn(WebhookSecret, WebhookSecret.id, WebhookSecret.sealed),
    SealedColumn(IdempotencyKey, IdempotencyKey.id, IdempotencyKey.reply_sealed),
)
OF_OPERATORS = SealedColumn(
    OperatorCredentials, OperatorCredentials.operator_id, OperatorCredentials.totp_secret_sealed
)


def list_page(column: SealedColumn, owner: int | None, *, after: Any, limit: int) -> list[tuple[Any, bytes]]:
    """Return rows after a key, as pairs of key and encrypted value. `owner` is the tenant; `None` for an operator's."""
    query = select(column.key, column.sealed).where(_is_of(column, owner), column.sealed.is_not(None))
    if after is not None:
        query = query.where(column.key > after)
    rows = db.session.execute(query.order_by(column.key).limit(limit)).all()
    return [(row[0], row[1]) for row in rows]


def count(column: SealedColumn, owner: int | None) -> int:
    """Return how many rows have an encrypted value."""
    query = select(func.count()).where(_is_of(column, owner), column.sealed.is_not(None))
    return db.session.execute(query).scalar_one()


def replace(column: SealedColumn, owner: int | None, key: Any, *, old: bytes, new: bytes) -> bool:
    """Replace an encrypted value, unless it was changed since it was read."""
    changed = db.session.execute(
        update(column.model)
        .where(_is_of(column, owner), column.key == key, column.sealed == old)
        .values({column.sealed.key: new})
        .returning(column.key)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def _is_of(column: SealedColumn, owner: int | None) -> ColumnElement[bool]:
    if owner is None:
        return true()
    if column.model is Tenant:
        return Tenant.id == owner
    owned: ColumnElement[bool] = column.model.__table__.c.tenant_id == owner
    return owned
