"""Files that a command writes."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

_OWNER_ONLY = 0o600


def not_written(path: Path, error: OSError) -> click.ClickException:
    """Return the message of a file that a command could not write, with what to do about it."""
    if isinstance(error, FileExistsError):
        return click.ClickException(f"{path} exists already and is not overwritten.")
    message = f"{path}: {error.strerror or error}."
    if isinstance(error, PermissionError):
        message += f" The command runs as user {_user()}: choose a folder that it can write."
    return click.ClickException(message)


def _user() -> str:
    """The name of the user that this process runs as; in a container it may have a number only."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that only this user can read; it is removed if writing fails, so that no part looks like a whole.

    An existing file is not overwritten, and no symbolic link that was put there is followed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise not_written(path, error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
