"""A receipt says of which payment it is: an order that was paid again after its money went back has several."""

from alembic import op

from migrations.row_level_security import every_row

revision = "0022_receipts_of_payments"
down_revision = "0019_erasure"
branch_labels = None
depends_on = None

# Of several payments the one that the receipt was made from: it came at that moment, and was as much.
_NAME_PAYMENTS = """
    UPDATE receipts SET subject = (
        SELECT stripe_payment_intent_id FROM payments
        WHERE payments.tenant_id = receipts.tenant_id AND payments.order_id = receipts.order_id
            AND payments.state = 'succeeded'
        ORDER BY (payments.succeeded_at = receipts.moved_at) DESC,
            (payments.amount_received = receipts.amount) DESC, payments.id
        LIMIT 1
    ) WHERE subject = ''
"""
# Where an order has several, the database refuses: what was issued cannot be unsaid.
_NAME_NONE = "UPDATE receipts SET subject = '' WHERE corrects_id IS NULL"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_receipts_credit_note_has_subject"), "receipts", type_="check")
    op.drop_constraint(op.f("ck_receipts_what_has_subject_corrects"), "receipts", type_="check")
    with every_row("payments"), every_row("receipts"):
        op.execute(_NAME_PAYMENTS)
    op.create_check_constraint("subject_is_told", "receipts", "subject <> ''")
    op.create_check_constraint(
        "credit_note_corrects", "receipts", "kind = 'receipt' OR corrects_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_receipts_credit_note_corrects"), "receipts", type_="check")
    op.drop_constraint(op.f("ck_receipts_subject_is_told"), "receipts", type_="check")
    with every_row("receipts"):
        op.execute(_NAME_NONE)
    op.create_check_constraint(
        "what_has_subject_corrects", "receipts", "(subject = '') = (corrects_id IS NULL)"
    )
    op.create_check_constraint("credit_note_has_subject", "receipts", "kind = 'receipt' OR subject <> ''")
