"""Add the message to a buyer whose bank transfer did not arrive in time."""

from collections.abc import Sequence

from alembic import op

revision = "0018_transfer_message"
down_revision = "0017_due_polls"
branch_labels = None
depends_on = None

_KINDS = (
    "order_confirmation",
    "payment_failed",
    "order_refunded",
    "refund_failed",
    "access_ready",
    "deliverable_ready",
    "dispute_alert",
    "access_link",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _accept(("order_confirmation", "payment_failed", "transfer_not_received", *_KINDS[2:]))
    _index("kind IN ('payment_failed', 'transfer_not_received')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Messages that were sent stay.
    _accept(_KINDS, not_valid=True)
    _index("kind = 'payment_failed'")


def _accept(kinds: Sequence[str], *, not_valid: bool = False) -> None:
    op.drop_constraint(op.f("ck_outbox_messages_kind_is_known"), "outbox_messages")
    accepted = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(
        op.f("ck_outbox_messages_kind_is_known"),
        "outbox_messages",
        f"kind IN ({accepted})",
        postgresql_not_valid=not_valid,
    )


def _index(where: str) -> None:
    op.drop_index("ix_outbox_messages_payment_failed", "outbox_messages")
    op.create_index(
        "ix_outbox_messages_payment_failed",
        "outbox_messages",
        ["tenant_id", "created_at"],
        postgresql_where=where,
    )
