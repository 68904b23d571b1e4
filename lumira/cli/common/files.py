"""Files that a command writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

_OWNER_ONLY = 0o600


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that only this user can read; it is removed if writing fails, so that no part looks like a whole.

    An existing file is not overwritten, and no symbolic link that was put there is followed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError as error:
        raise click.ClickException(f"{path} exists already and is not overwritten.") from error
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror or error}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise click.ClickException(f"{path}: {error.strerror or error}.") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
