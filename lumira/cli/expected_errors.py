"""Errors that an operator can correct, each in one line."""

from sqlalchemy.exc import DBAPIError

from config.errors import SettingsError
from lumira.cli import database
from lumira.encryption import DecryptionError
from lumira.errors import LumiraError


def explain(error: Exception) -> str | None:
    """Return the line for the operator, or `None` for an error of the program."""
    if isinstance(error, (LumiraError, SettingsError, DecryptionError)):
        return str(error)
    return database.explain(error) if isinstance(error, DBAPIError) else None
