"""Storage in a local folder."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lumira.clients.storage.ownership import make_directory, match_owner
from lumira.clients.storage.streams import CHUNK, Readable
from lumira.errors.files import FileMissing, StorageUnavailable


class LocalFiles:
    """Objects are files under one folder, readable by the folder's owner only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, name: str, stream: Readable, *, content_type: str) -> None:  # noqa: ARG002 - a file has no type
        path = self._path(name)
        draft = _draft_of(path)
        try:
            make_directory(path.parent)
            _write(draft, stream)
            match_owner(draft, path.parent)
            # Renamed once it is complete and on disk: a partial file is never visible.
            draft.replace(path)
            _sync_directory(path.parent)
        except OSError as error:
            raise StorageUnavailable(
                "The file cannot be stored at the moment.", why=error.strerror
            ) from error
        finally:
            # If the folder is unusable, there is no draft; any other draft is removed with the object.
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def read(self, name: str, *, start: int, end: int | None) -> Iterator[bytes]:
        try:
            file = self._path(name).open("rb")
        except FileNotFoundError as error:
            raise FileMissing("The file does not exist.") from error
        except OSError as error:
            raise StorageUnavailable("The file cannot be read at the moment.", why=error.strerror) from error
        return _chunks(file, start, end)

    def link(self, name: str, *, disposition: str, content_type: str) -> None:  # noqa: ARG002 - local files have no URL
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
    # A name is used for one upload only, so an existing draft belongs to the same upload.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        while chunk := stream.read(CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Flush the folder to disk; otherwise a power failure may lose the file's new name."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _chunks(file: BinaryIO, start: int, end: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        remaining = None if end is None else end + 1 - start
        while chunk := file.read(CHUNK if remaining is None else min(CHUNK, remaining)):
            remaining = None if remaining is None else remaining - len(chunk)
            yield chunk
