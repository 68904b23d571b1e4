"""The statements of every idempotent call: built once, and of columns, because most calls change nothing else."""

from sqlalchemy import Update, bindparam, func, update
from sqlalchemy.dialects.postgresql import insert

from lumira.models import IdempotencyKey
from lumira.models.columns import table_of

_KEYS = table_of(IdempotencyKey)
_OF_NEW_KEY = (
    "tenant_id",
    "id",
    "slot",
    "fingerprint",
    "fence",
    "leased_until",
    "expires_at",
    "created_at",
    "updated_at",
)
_NEW_KEY = insert(_KEYS).values(
    {name: bindparam(f"new_{name}", type_=_KEYS.c[name].type) for name in _OF_NEW_KEY}
)
# An update that changes nothing returns and locks the existing row. It is one statement, so the row cannot be removed
# between finding and locking it.
FIND_OR_CREATE = _NEW_KEY.on_conflict_do_update(
    index_elements=["tenant_id", "slot"], set_={"slot": _NEW_KEY.excluded.slot}
).returning(_KEYS.c.id)


def _of_claim() -> Update:
    """Return an update of the row that the caller has claimed; it finds none that another process has taken over."""
    return (
        update(_KEYS)
        .where(
            _KEYS.c.tenant_id == bindparam("of_tenant"),
            _KEYS.c.id == bindparam("of_key"),
            _KEYS.c.fence == bindparam("of_fence"),
        )
        .returning(_KEYS.c.id, _KEYS.c.tenant_id)
    )


RENEW = _of_claim().values(
    updated_at=bindparam("at"),
    leased_until=bindparam("until"),
    order_id=func.coalesce(bindparam("of_order", type_=_KEYS.c.order_id.type), _KEYS.c.order_id),
    refund_request_id=func.coalesce(
        bindparam("of_refund", type_=_KEYS.c.refund_request_id.type), _KEYS.c.refund_request_id
    ),
)
FINISH = _of_claim().values(
    updated_at=bindparam("at"),
    leased_until=None,
    reply_status=bindparam("status"),
    reply_sealed=bindparam("sealed"),
)
