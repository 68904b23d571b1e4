"""The application for `gunicorn --config config/gunicorn.py wsgi:app` and for the `flask` command."""

import os
import sys
from pathlib import Path

from config.settings import Settings, SettingsError
from lumira import create_app

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


def _only_shows_help(arguments: list[str]) -> bool:
    """Whether `flask` prints its help, which needs no settings and must not fail because of them."""
    is_flask = Path(sys.argv[0]).name == "flask" or sys.argv[0].endswith("flask/__main__.py")
    return is_flask and "--" not in arguments and (_command(arguments) is None or "--help" in arguments)


def _settings() -> Settings:
    if _only_shows_help(sys.argv[1:]):
        return Settings.for_help()
    environ = dict(os.environ)
    if _command(sys.argv[1:]) in DEVELOPMENT_COMMANDS:
        environ = {"LUMIRA_ENV": "development", "DATABASE_URL": "postgresql:///", **environ}
    return Settings.from_environment(environ)


try:
    app = create_app(_settings())
except SettingsError as error:
    sys.stderr.write(f"lumira: {error}\n")
    # Gunicorn stops at this code (APP_LOAD_ERROR). After any other it starts its workers again, for ever.
    sys.exit(4 if "gunicorn.arbiter" in sys.modules else 1)
