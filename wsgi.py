"""The WSGI entry point: `gunicorn --config config/gunicorn.py wsgi:app`, and the `flask` command's."""

import os
import sys

from config.settings import Settings, SettingsError
from lumira import create_app

#: Commands that are for trying things out: they need nothing prepared, unless production is asked for, and
#: bring a database of their own where they use one.
DEVELOPMENT_COMMANDS = ("demo", "sandbox")

environ = dict(os.environ)
if any(command in sys.argv[1:] for command in DEVELOPMENT_COMMANDS):
    environ = {"LUMIRA_ENV": "development", "DATABASE_URL": "postgresql:///", **environ}

try:
    app = create_app(Settings.from_environment(environ))
except SettingsError as error:
    sys.exit(f"lumira: {error}")
