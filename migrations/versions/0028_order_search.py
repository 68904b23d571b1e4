"""Index what an operator looks for: a customer's name, a charge, a product, and work that waits."""

import sqlalchemy as sa
from alembic import op

revision = "0028_order_search"
down_revision = "0027_order_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Row-level security lets an index be used with leakproof operators only. LIKE and lower() are none, a comparison
    # of two texts is: so the folded name is stored, by its first letters and by those of its last word.
    op.execute(
        r"""
        CREATE FUNCTION lumira_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT btrim(regexp_replace(
                lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g')), '\s+', ' ', 'g'
            ))
        $$
        """
    )
    _add_key("name_key", "lumira_name_key(name)")
    _add_key("family_key", "regexp_replace(lumira_name_key(name), '^.* ', '')")
    op.create_index(
        "ix_payments_by_charge",
        "payments",
        ["tenant_id", "stripe_charge_id"],
        postgresql_where=sa.text("stripe_charge_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliverables_waiting",
        "deliverables",
        ["tenant_id", "id"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    op.create_index("ix_order_lines_by_product", "order_lines", ["tenant_id", "product_id", "order_id"])


def _add_key(name: str, expression: str) -> None:
    column = sa.Column[str](
        name, sa.Text(collation="C"), sa.Computed(expression, persisted=True), nullable=True
    )
    op.add_column("customers", column)
    op.create_index(
        f"ix_customers_by_{name}",
        "customers",
        ["tenant_id", name],
        postgresql_where=sa.text(f"{name} IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_lines_by_product", "order_lines")
    op.drop_index("ix_deliverables_waiting", "deliverables")
    op.drop_index("ix_payments_by_charge", "payments")
    op.drop_column("customers", "family_key")
    op.drop_column("customers", "name_key")
    op.execute("DROP FUNCTION lumira_name_key(text)")
