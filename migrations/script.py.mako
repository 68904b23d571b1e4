"""${message}

One change, reversible, with which the code of the release before keeps running: add first, use later,
remove last. A table of a tenant is given to `row_level_security.protect` in the migration that makes it.
Data fills are scripts of their own, in batches, after `SET LOCAL row_security = off`.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    ${upgrades if upgrades else ""}


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    ${downgrades if downgrades else ""}
