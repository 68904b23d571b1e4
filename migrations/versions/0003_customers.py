"""Create customers, and the links to their portal."""

from alembic import op

from migrations.columns import (
    check,
    created_and_updated,
    identity,
    integer,
    jsonb,
    references,
    text,
    text_array,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0003_customers"
down_revision = "0002_catalog"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_customers()
    op.create_table(
        "access_links",
        *identity(),
        uuid("customer_id"),
        integer("number"),
        timestamp("created_at"),
        timestamp("expires_at"),
        timestamp("revoked_at", nullable=True),
        check("number_is_positive", "number > 0"),
        check("ends_after_it_begins", "expires_at > created_at"),
        references("customers", "customer_id"),
        unique("customer_id", "number"),
    )
    # The erasure of a customer's data deletes their links.
    protect("access_links", privileges="SELECT, INSERT, UPDATE, DELETE")


def _create_customers() -> None:
    op.create_table(
        "customers",
        *identity(),
        text("email"),
        text("email_key"),
        text("name", nullable=True),
        text("locale", nullable=True),
        text("stripe_customer_id", nullable=True),
        jsonb("stripe_parameters", nullable=True),
        timestamp("stripe_frozen_at", nullable=True),
        integer("stripe_attempt"),
        uuid("merged_into_id", nullable=True),
        timestamp("merged_at", nullable=True),
        timestamp("erased_at", nullable=True),
        text_array("erased_digests", nullable=True),
        *created_and_updated(),
        check("email_key_is_normalised", "email_key = lower(btrim(email_key))"),
        check("locale_is_known", "locale IN ('fr', 'en')"),
        check("not_merged_into_itself", "merged_into_id <> id"),
        check("merge_has_its_time", "(merged_into_id IS NULL) = (merged_at IS NULL)"),
        check("erased_is_recognised", "(erased_at IS NULL) = (erased_digests IS NULL)"),
        references("customers", "merged_into_id"),
        unique("email_key"),
        unique("stripe_customer_id"),
    )
    op.create_index(
        "ix_customers_merged",
        "customers",
        ["tenant_id", "merged_into_id"],
        postgresql_where="merged_into_id IS NOT NULL",
    )
    # Few customers are erased, and each new address and event is compared with all of them. An index of the
    # digests would not be used: under row-level security PostgreSQL applies the policy before the array overlap.
    op.create_index(
        "ix_customers_erased",
        "customers",
        ["tenant_id", "id"],
        postgresql_where="erased_digests IS NOT NULL",
    )
    protect("customers")


def downgrade() -> None:
    op.drop_table("access_links")
    op.drop_table("customers")
