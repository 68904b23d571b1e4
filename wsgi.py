"""The application for `gunicorn --config config/gunicorn.py wsgi:app` and for the `flask` command."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import SettingsError

if TYPE_CHECKING:
    from flask import Flask

#: Commands for development: they run without any setting, unless LUMIRA_ENV says production, and start a database
#: of their own if they need one.
DEVELOPMENT_COMMANDS = ("demo", "sandbox")

#: Options of `flask` itself that take a value.
_WITH_VALUE = ("-A", "--app", "-e", "--env-file")


def _command(arguments: list[str]) -> str | None:
    """Return the `flask` command: the first argument that is neither an option nor an option's value."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _is_flask() -> bool:
    return Path(sys.argv[0]).name == "flask" or sys.argv[0].endswith("flask/__main__.py")


def _application(arguments: list[str]) -> "Flask":
    """Return the application, or as much of it as the `flask` command needs.

    Help needs no settings and must not fail because of them. What a list of commands does not need is not imported.
    """
    from lumira import cli, create_app  # noqa: PLC0415

    command = _command(arguments) if _is_flask() else ""
    if command is None:
        return cli.list_only()
    from config.settings import Settings  # noqa: PLC0415
    from lumira.services.program_errors import note_errors  # noqa: PLC0415

    serves_http = not cli.is_command(command)
    if _is_flask() and "--help" in arguments and "--" not in arguments:
        return create_app(Settings.for_help(), serves_http=serves_http)
    environ = dict(os.environ)
    if command in DEVELOPMENT_COMMANDS:
        environ = {"LUMIRA_ENV": "development", "DATABASE_URL": "postgresql:///", **environ}
    app = create_app(Settings.from_environment(environ), serves_http=serves_http)
    # This is a process of its own, and not a part of one that tests an application.
    note_errors.write_in_background()
    return app


# What is imported stays: the collector of garbage would only look through it, during the start and ever after.
gc.disable()
try:
    app = _application(sys.argv[1:])
    gc.freeze()
except SettingsError as error:
    sys.stderr.write(f"lumira: {error}\n")
    # Gunicorn stops at this code (APP_LOAD_ERROR). After any other it starts its workers again, for ever.
    sys.exit(4 if "gunicorn.arbiter" in sys.modules else 1)
finally:
    gc.enable()
