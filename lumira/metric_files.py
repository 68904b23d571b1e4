"""The files in which the processes of a machine count, one slot for each process that runs at a time.

A process holds the lock of its slot until it ends, however it ends. The next process that takes the slot continues the
counters of the one before, so that they survive it and the folder does not grow. A gauge counts only while its process
runs. When no process runs at all, the first one begins anew.

A file has its whole size on the disk from the start: writing to a part that a full disk does not have would kill the
process.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

log = structlog.get_logger()

#: Where Prometheus' client looks for its files.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Bytes of the files of a slot: more than all series take together (`test_metric_labels.py`).
SIZES = {"counter": 1024 * 1024, "histogram": 1024 * 1024, "gauge_livesum": 64 * 1024}

#: More than processes ever run on one machine.
_MOST_SLOTS = 1_000

#: The descriptor of the lock that this process holds.
_held: list[int] = []


def take_slot(directory: Path) -> None:
    """Take a slot of the folder for this process, before its first family is created.

    Raises `OSError` if the folder cannot be written, or the disk has no room for the slot.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _beginning(directory):
        if not any(_is_held(lock) for lock in _locks(directory)):
            _remove(directory.glob("*.db"))
        number, descriptor = _lock_free_slot(directory)
        try:
            _reserve(directory, str(number))
        except OSError:
            os.close(descriptor)
            raise
    release_slot()
    _held.append(descriptor)
    os.environ[_FOLDER] = str(directory)
    # The client chooses its kind of values when it is imported, which may have happened before.
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


def release_slot() -> None:
    """Leave the slot to another process; a process that ends needs not call this."""
    while _held:
        os.close(_held.pop())


class Processes(Collector):
    """Everything that the processes of a folder have counted."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """Add up the files. One that cannot be read is left out: the other processes' numbers remain."""
        files = list(self._files())
        try:
            return _merge(files)
        except Exception:  # noqa: BLE001 - whatever is in a file
            return _merge([file for file in files if _is_readable(file)])

    def _files(self) -> Iterator[Path]:
        running = {lock.stem for lock in _locks(self._directory) if _is_held(lock)}
        for file in sorted(self._directory.glob("*.db")):
            if not file.name.startswith("gauge") or _slot_of(file) in running:
                yield file


@contextmanager
def _beginning(directory: Path) -> Iterator[None]:
    """Let one process at a time look for a slot."""
    descriptor = os.open(directory / "begin", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locks(directory: Path) -> Iterable[Path]:
    return directory.glob("*.lock")


def _slot_of(file: Path) -> str:
    return file.stem.rpartition("_")[2]


def _is_held(lock: Path) -> bool:
    """Whether a process that runs has the slot."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except OSError:
        # Of another user, such as root, who ran a worker: it may run still.
        return True
    try:
        # Shared, so that two that look at the same time do not take each other for the process.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_free_slot(directory: Path) -> tuple[int, int]:
    for number in range(1, _MOST_SLOTS + 1):
        try:
            descriptor = os.open(directory / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # Of another user: see `_is_held`.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        else:
            return number, descriptor
    raise OSError("There is no slot that can be locked.")


def _reserve(directory: Path, slot: str) -> None:
    """Prepare the files of a slot: the counters of its last process stay, if they can be read."""
    _remove(directory.glob(f"gauge_*_{slot}.db"))
    for kind, size in SIZES.items():
        file = directory / f"{kind}_{slot}.db"
        if file.exists() and not _is_readable(file):
            _remove([file])
        is_new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            if is_new:
                _remove([file])
            raise
        finally:
            os.close(descriptor)


def _is_readable(file: Path) -> bool:
    """Whether the file is whole: a machine that lost its power may leave another one."""
    try:
        _merge([file])
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("metrics_file_unreadable", file=file.name, error=type(error).__name__)
        return False
    return True


def _merge(files: Iterable[Path]) -> Iterable[Metric]:
    paths = [str(file) for file in files]
    merged: Iterable[Metric] = MultiProcessCollector.merge(paths)  # type: ignore[no-untyped-call]
    return merged


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        with suppress(FileNotFoundError):
            file.unlink()
