"""How `flask db …` runs the migrations: as the owner, one transaction a migration."""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, pool

from lumira import models
from lumira.database import Base

assert models.__all__  # noqa: S101 - importing the models is what fills the metadata


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Procrastinate's tables come from its own schema, not from our models."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def _run(connection: object) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_is_ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("The migrations need the database: some of them look at what is there.")

given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = create_engine(current_app.config["DATABASE_OWNER_URL"], poolclass=pool.NullPool)
    with engine.connect() as own:
        _run(own)
    engine.dispose()
