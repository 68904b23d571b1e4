"""Add the buyers' withdrawals: what they withdraw from, and what was decided about it."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import check, choice, identity, integer, references, text, timestamp, unique, uuid
from migrations.row_level_security import protect

revision = "0034_withdrawals"
down_revision = "0033_alerts_acknowledged"
branch_labels = None
depends_on = None

#: The legal period, and the longest time that a delivery may take unless the parties agree on another.
_DAYS = {"withdrawal_days": "14", "delivery_days": "30"}
#: Values that the tables accept from now on, by the constraint that lists them.
_ADDED = {
    ("outbox_messages", "kind"): ("withdrawal_link", "withdrawal_acknowledged", "withdrawal_refused"),
    ("alerts", "kind"): ("withdrawal_waiting",),
    ("access_grants", "reason"): ("withdrawn",),
    ("refund_requests", "origin"): ("withdrawal",),
}


def upgrade() -> None:
    for table in ("tenants", "orders"):
        for name, days in _DAYS.items():
            op.add_column(table, sa.Column[int](name, sa.Integer(), nullable=False, server_default=days))
            # The application always sends a value; the default is for the rows that exist.
            op.alter_column(table, name, server_default=None)
        op.create_check_constraint("withdrawal_takes_fourteen_days", table, "withdrawal_days >= 14")
        op.create_check_constraint("delivery_days_are_not_negative", table, "delivery_days >= 0")
    _add_policy()
    _create_withdrawals()
    _create_lines()
    for (table, column), added in _ADDED.items():
        accept(table, column, *added)
    _add_to_refund_requests()


def downgrade() -> None:
    op.drop_index("uq_refund_requests_withdrawal", "refund_requests")
    op.drop_index("uq_refund_requests_automatic", "refund_requests")
    op.drop_constraint(op.f("ck_refund_requests_withdrawal_is_named"), "refund_requests")
    op.drop_column("refund_requests", "withdrawal_id")
    for (table, column), added in _ADDED.items():
        accept_no_longer(table, column, *added)
    _index_automatic("origin <> 'requested'")
    op.drop_table("withdrawal_lines")
    op.execute("DROP FUNCTION lumira_check_withdrawn_units()")
    op.drop_table("withdrawals")
    op.drop_column("tenants", "withdrawal_policy")
    for table in ("tenants", "orders"):
        for name in _DAYS:
            op.drop_column(table, name)


def _add_policy() -> None:
    op.add_column(
        "tenants",
        sa.Column[str]("withdrawal_policy", sa.String(length=40), nullable=False, server_default="review"),
    )
    op.alter_column("tenants", "withdrawal_policy", server_default=None)
    op.create_check_constraint(
        "withdrawal_policy_is_known", "tenants", "withdrawal_policy IN ('refund', 'review')"
    )


def _create_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        *identity(),
        uuid("order_id"),
        *choice("via", "portal", "guest", "operator"),
        text("reason", nullable=True),
        timestamp("requested_at"),
        timestamp("confirmed_at"),
        *choice("decision", "accepted", "refused", nullable=True),
        timestamp("decided_at", nullable=True),
        text("decision_note", nullable=True),
        check("decision_has_its_time", "(decision IS NULL) = (decided_at IS NULL)"),
        check("confirmed_after_request", "requested_at <= confirmed_at"),
        references("orders", "order_id"),
    )
    op.create_index("ix_withdrawals_by_order", "withdrawals", ["tenant_id", "order_id"])
    op.create_index(
        "ix_withdrawals_waiting", "withdrawals", ["tenant_id", "id"], postgresql_where="decision IS NULL"
    )
    protect("withdrawals")


def _create_lines() -> None:
    op.create_table(
        "withdrawal_lines",
        *identity(),
        uuid("order_id"),
        uuid("withdrawal_id"),
        uuid("order_line_id"),
        integer("quantity"),
        check("quantity_is_positive", "quantity > 0"),
        references("orders", "order_id"),
        references("withdrawals", "withdrawal_id"),
        references("order_lines", "order_line_id"),
        unique("withdrawal_id", "order_line_id"),
    )
    op.create_index("ix_withdrawal_lines_by_order_line", "withdrawal_lines", ["tenant_id", "order_line_id"])
    protect("withdrawal_lines", privileges="SELECT, INSERT")
    # Every writer holds the lock of the order, so that no two of them count at the same time.
    op.execute(
        """
        CREATE FUNCTION lumira_check_withdrawn_units() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            ordered integer;
            withdrawn integer;
        BEGIN
            SELECT quantity INTO ordered FROM order_lines
                WHERE tenant_id = NEW.tenant_id AND id = NEW.order_line_id AND order_id = NEW.order_id;
            SELECT sum(line.quantity) INTO withdrawn FROM withdrawal_lines line
                JOIN withdrawals withdrawal
                    ON withdrawal.tenant_id = line.tenant_id AND withdrawal.id = line.withdrawal_id
                WHERE line.tenant_id = NEW.tenant_id AND line.order_line_id = NEW.order_line_id
                    AND withdrawal.decision IS DISTINCT FROM 'refused';
            IF withdrawn > coalesce(ordered, 0) THEN
                RAISE EXCEPTION 'More units of an order line are withdrawn than were ordered.'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER withdrawn_units AFTER INSERT ON withdrawal_lines "
        "FOR EACH ROW EXECUTE FUNCTION lumira_check_withdrawn_units()"
    )


def _add_to_refund_requests() -> None:
    op.add_column("refund_requests", uuid("withdrawal_id", nullable=True))
    op.create_foreign_key(
        op.f("fk_refund_requests_tenant_id_withdrawal_id_withdrawals"),
        "refund_requests",
        "withdrawals",
        ["tenant_id", "withdrawal_id"],
        ["tenant_id", "id"],
    )
    op.create_check_constraint(
        "withdrawal_is_named", "refund_requests", "(origin = 'withdrawal') = (withdrawal_id IS NOT NULL)"
    )
    op.drop_index("uq_refund_requests_automatic", "refund_requests")
    _index_automatic("origin NOT IN ('requested', 'withdrawal')")
    op.create_index(
        "uq_refund_requests_withdrawal",
        "refund_requests",
        ["tenant_id", "withdrawal_id", "stripe_payment_intent_id"],
        unique=True,
        postgresql_where="withdrawal_id IS NOT NULL",
    )


def _index_automatic(where: str) -> None:
    op.create_index(
        "uq_refund_requests_automatic",
        "refund_requests",
        ["tenant_id", "stripe_payment_intent_id"],
        unique=True,
        postgresql_where=where,
    )
