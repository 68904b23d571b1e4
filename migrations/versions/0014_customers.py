"""Customers that turn out to be one; access that ends, includes lower levels, or is given by hand."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import every_row, protect

revision = "0014_customers"
down_revision = "0013_refund_requests"
branch_labels = None
depends_on = None

_REASONS = ("paid", "free", "refunded", "disputed", "dispute_lost")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _let_customers_merge()
    _know_languages()
    _let_access_end()
    op.create_table(
        "manual_grants",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=True),
        sa.Column("includes_lower_levels", sa.Boolean(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT includes_lower_levels OR level_number IS NOT NULL", name="only_levels_include"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_manual_grants_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="fk_manual_grants_tenant_id_customer_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["products.tenant_id", "products.id"],
            name="fk_manual_grants_tenant_id_product_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_manual_grants"),
    )
    op.create_index("ix_manual_grants_by_customer", "manual_grants", ["tenant_id", "customer_id"])
    op.create_index(
        "uq_manual_grants_not_revoked",
        "manual_grants",
        ["tenant_id", "customer_id", "product_id"],
        unique=True,
        postgresql_where="revoked_at IS NULL",
    )
    protect("manual_grants")


def _let_customers_merge() -> None:
    op.add_column("customers", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.add_column("customers", sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_customers_tenant_id_merged_into_id"),
        "customers",
        "customers",
        ["tenant_id", "merged_into_id"],
        ["tenant_id", "id"],
    )
    op.create_check_constraint("not_merged_into_itself", "customers", "merged_into_id <> id")
    op.create_check_constraint(
        "merge_has_its_time", "customers", "(merged_into_id IS NULL) = (merged_at IS NULL)"
    )
    op.create_index(
        "ix_customers_merged",
        "customers",
        ["tenant_id", "merged_into_id"],
        postgresql_where="merged_into_id IS NOT NULL",
    )


def _know_languages() -> None:
    op.add_column("orders", sa.Column("locale", sa.Text(), nullable=True))
    for table in ("customers", "orders"):
        op.create_check_constraint("locale_is_known", table, "locale IN ('fr', 'en')")


def _let_access_end() -> None:
    # Code of the release before writes none of these: until it is gone the defaults speak for it.
    for table in ("products", "order_lines"):
        op.add_column(table, sa.Column("access_days", sa.Integer(), nullable=True))
        op.create_check_constraint("access_days_are_positive", table, "access_days > 0")
        op.create_check_constraint("goods_do_not_expire", table, "access_days IS NULL OR kind <> 'physical'")
    op.add_column("access_grants", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "access_grants", sa.Column("operator_revoked_at", sa.DateTime(timezone=True), nullable=True)
    )
    for table in ("products", "order_lines", "access_grants"):
        op.add_column(
            table, sa.Column("includes_lower_levels", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        op.create_check_constraint(
            "only_levels_include", table, "NOT includes_lower_levels OR level_number IS NOT NULL"
        )
    _know_reasons(*_REASONS, "operator")


def _know_reasons(*reasons: str) -> None:
    op.drop_constraint(op.f("ck_access_grants_reason_is_known"), "access_grants", type_="check")
    known = ", ".join(f"'{reason}'" for reason in reasons)
    op.create_check_constraint("reason_is_known", "access_grants", f"reason IN ({known})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("manual_grants")
    # The release before has no word for a person's decision: what was closed by hand stays closed, until its
    # order is settled again.
    with every_row("access_grants"):
        op.execute("UPDATE access_grants SET reason = 'refunded' WHERE reason = 'operator'")
    _know_reasons(*_REASONS)
    for table in ("access_grants", "order_lines", "products"):
        op.drop_column(table, "includes_lower_levels")
    op.drop_column("access_grants", "operator_revoked_at")
    op.drop_column("access_grants", "expires_at")
    for table in ("order_lines", "products"):
        op.drop_column(table, "access_days")
    op.drop_column("orders", "locale")
    op.drop_column("customers", "merged_into_id")
    op.drop_constraint(op.f("ck_customers_locale_is_known"), "customers", type_="check")
    op.drop_column("customers", "merged_at")
