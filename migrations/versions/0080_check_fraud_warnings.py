"""Validate the checks that accept fraud warnings, while sales run."""

from migrations.choices import validate

revision = "0080_check_fraud_warnings"
down_revision = "0079_fraud_warnings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    validate("access_grants", "reason")
    validate("refund_requests", "origin")


def downgrade() -> None:
    pass
