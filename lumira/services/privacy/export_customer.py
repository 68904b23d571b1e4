"""Export of a data subject: every row about them, and the files, receipts and messages to collect."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary

from lumira import encryption
from lumira.database import Base, atomic
from lumira.models import File, IdempotencyKey, Receipt, WebhookEvent
from lumira.repositories.audit import audit
from lumira.repositories.customers import personal_rows
from lumira.repositories.events import identifying_events
from lumira.repositories.idempotency import idempotency
from lumira.repositories.orders import orders
from lumira.services.privacy.find_data_subject import find_data_subject, list_identifiers


@dataclass(frozen=True, slots=True)
class CustomerExport:
    """The personal data of one data subject: rows by table, and what is fetched or rendered outside the transaction."""

    rows: dict[str, list[dict[str, Any]]]
    files: tuple[File, ...]
    receipts: tuple[Receipt, ...]
    message_ids: tuple[UUID, ...]
    locale: str | None
    missing: tuple["MissingItem", ...] = ()


@dataclass(frozen=True, slots=True)
class MissingItem:
    """An item that is stored and could not be exported, with the stable code of the reason."""

    item: str
    reason: str


def export_customer(tenant_id: int, email: str, *, actor: str) -> CustomerExport:
    """Return all personal data that this tenant stores about the data subject of this address.

    Raises `CustomerNotFound`.
    """
    with atomic(tenant_id):
        subject = find_data_subject(tenant_id, email)
        order_ids = personal_rows.list_order_ids(tenant_id, subject)
        subject_orders = [orders.get_order(tenant_id, str(order_id)) for order_id in order_ids]
        by_table = personal_rows.list_rows(tenant_id, subject, subject_orders)
        by_table["webhook_events"] = identifying_events.list_events_naming(
            tenant_id, list_identifiers(tenant_id, subject, subject_orders), order_ids
        )
        rows = {table: [_as_json(row) for row in rows] for table, rows in sorted(by_table.items()) if rows}
        subject_id = f"customer:{subject[0].id}"
        audit.record_reading(tenant_id, actor=actor, action="customer_exported", subject=subject_id)
        return CustomerExport(
            rows=rows,
            files=tuple(file for file in by_table["files"] if file.stored_at and file.deleted_at is None),
            receipts=tuple(by_table["receipts"]),
            message_ids=tuple(message.id for order in subject_orders for message in order.messages),
            locale=subject[0].locale,
            missing=_undecryptable_replies(rows.get(IdempotencyKey.__tablename__, ())),
        )


def _undecryptable_replies(keys: Sequence[Mapping[str, Any]]) -> tuple[MissingItem, ...]:
    table = IdempotencyKey.__tablename__
    return tuple(
        MissingItem(f"{table}/{row['id']}", "REPLY_SEALED") for row in keys if row.get("reply", {}) is None
    )


def _as_json(row: Base) -> dict[str, Any]:
    """Return a row as JSON values, with a stored reply decrypted."""
    columns = type(row).__mapper__.columns
    values = {
        column.key: _json_value(getattr(row, key))
        for key, column in columns.items()
        if not isinstance(column.type, LargeBinary) and column.key not in ("tenant_id", "erased_digests")
    }
    if isinstance(row, WebhookEvent):
        values["payload"] = _json_value(row.payload)
    if isinstance(row, IdempotencyKey) and row.reply_sealed is not None:
        values["reply"] = _decrypted_reply(row, row.reply_sealed)
    return values


def _decrypted_reply(row: IdempotencyKey, sealed: bytes) -> dict[str, Any] | None:
    """Return the stored reply; `None` if none of the configured encryption keys decrypts it."""
    try:
        text = encryption.unseal(sealed, tenant_id=row.tenant_id, purpose=idempotency.REPLY_PURPOSE)
    except encryption.DecryptionError:
        return None
    # The client secret authorises a payment and is not personal data.
    return {name: value for name, value in json.loads(text).items() if name != "clientSecret"}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _json_value(item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_json_value(item) for item in value]
    return value
