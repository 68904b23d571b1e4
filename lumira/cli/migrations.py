"""`flask db …`: migrations, by Flask-Migrate, which a web process and other commands do not import."""

from typing import Any

import click
from flask import current_app, g
from flask.cli import with_appcontext
from flask_migrate import Migrate  # type: ignore[import-untyped]
from flask_migrate.cli import db as of_flask_migrate  # type: ignore[import-untyped]

from config.settings import ROOT
from lumira.database import db as database

#: The command that operators run; its help is that of Flask-Migrate, which shows no example.
of_flask_migrate.commands["upgrade"].help += "\n\nExample: flask db upgrade"


@click.group(
    "db", help=of_flask_migrate.help, params=of_flask_migrate.params, commands=of_flask_migrate.commands
)
@with_appcontext
def db(**options: Any) -> None:
    # Alembic replaces `%(name)s` in its options, so that a `%` in the path of the checkout is doubled.
    directory = str(ROOT / "migrations").replace("%", "%%")
    Migrate().init_app(current_app, database, directory=directory)
    for name, value in options.items():
        setattr(g, name, value)
