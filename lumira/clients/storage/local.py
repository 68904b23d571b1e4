"""Files in a folder of this machine."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lumira.clients.storage.intake import PIECE, Readable
from lumira.errors import FileMissing, StorageUnavailable


class LocalFiles:
    """Objects as files under one folder, readable by the process's own user alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, name: str, stream: Readable, *, content_type: str) -> None:  # noqa: ARG002 - a file has no type
        path = self._path(name)
        draft = _draft_of(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(draft, stream)
            # Renamed only when it is whole and on the disk: nobody ever sees half of it.
            draft.replace(path)
            _keep_names(path.parent)
        except OSError as error:
            raise StorageUnavailable("The file cannot be kept at the moment.", why=error.strerror) from error
        finally:
            # Where the folder itself is the trouble there is no draft either; any other goes with the object.
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def read(self, name: str, *, start: int, end: int | None) -> Iterator[bytes]:
        try:
            file = self._path(name).open("rb")
        except FileNotFoundError as error:
            raise FileMissing("The file is not there.") from error
        except OSError as error:
            raise StorageUnavailable("The file cannot be read at the moment.", why=error.strerror) from error
        return _pieces(file, start, end)

    def link(self, name: str, *, disposition: str, content_type: str) -> None:  # noqa: ARG002 - there is none
        return None

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            _draft_of(path).unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable("The file cannot be removed now.", why=error.strerror) from error

    def _path(self, name: str) -> Path:
        return self._directory / name


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _write(draft: Path, stream: Readable) -> None:
    # A name is made for one upload and never used again, so a draft that exists is nobody else's.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        while piece := stream.read(PIECE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _keep_names(directory: Path) -> None:
    """Write the folder itself to the disk, or a loss of power forgets the file's new name."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pieces(file: BinaryIO, start: int, end: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = None if end is None else end + 1 - start
        while piece := file.read(PIECE if left is None else min(PIECE, left)):
            left = None if left is None else left - len(piece)
            yield piece
