"""The WSGI entry point: `gunicorn --config config/gunicorn.py wsgi:app`, and the `flask` command's."""

import os
import sys

from config.settings import Settings, SettingsError
from lumira import create_app

#: Commands that are for trying things out: they need nothing prepared, unless production is asked for, and
#: bring a database of their own where they use one.
DEVELOPMENT_COMMANDS = ("demo", "sandbox")

#: Options of `flask` itself that have a value.
_WITH_VALUE = ("-A", "--app", "-e", "--env-file")


def _command(arguments: list[str]) -> str | None:
    """What `flask` was told to do: its first word that is neither an option nor an option's value."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


environ = dict(os.environ)
if _command(sys.argv[1:]) in DEVELOPMENT_COMMANDS:
    environ = {"LUMIRA_ENV": "development", "DATABASE_URL": "postgresql:///", **environ}

try:
    app = create_app(Settings.from_environment(environ))
except SettingsError as error:
    sys.exit(f"lumira: {error}")
