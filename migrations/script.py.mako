"""${message}

One reversible change with which the code of the previous release keeps running: add first, use later, remove
last. The migration that creates a table of a tenant calls `row_level_security.protect`. Small data fills
run inside `row_level_security.every_row`; large ones are separate scripts that work in batches.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else ""}


def downgrade() -> None:
    ${downgrades if downgrades else ""}
