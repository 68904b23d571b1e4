"""The rendering processes of this process: a bounded number, started when needed, replaced when one dies or hangs."""

import atexit
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import BoundedSemaphore, Event, Timer

from lumira.errors.files import RenderingBusy, RenderingUnavailable

#: Processes: a document takes some milliseconds, so the second one is for the case that the first one hangs.
SIZE = 2
#: Seconds that a caller waits for a free process.
WAIT_LIMIT = 5.0
#: Seconds for one document, a start of the process included. Both limits together are shorter than a message's lease.
TIME_LIMIT = 8.0
#: Seconds after which the caller of a busy pool may try again.
RETRY_AFTER = 10
#: Seconds without a document after which a process is replaced, because it may be ending (`renderer.IDLE_SECONDS`).
_FRESH_FOR = 60.0
_PROGRAM = Path(__file__).with_name("renderer.py")
#: What the search for fonts reads. No other setting, and no secret, is passed on.
_ENVIRONMENT = ("HOME", "XDG_DATA_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Rendering:
    """A PDF, and the scripts of characters that no installed font has."""

    content: bytes
    missing_scripts: tuple[str, ...]


class RenderingPool:
    """Renders documents in at most `size` processes."""

    def __init__(self, size: int = SIZE, *, program: Path = _PROGRAM) -> None:
        self._program = program
        self._size = size
        self._begin()
        # A forked process shares no rendering process with its parent: their replies would be mixed up.
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.close)

    def _begin(self) -> None:
        self._free = BoundedSemaphore(self._size)
        # Kept, because forgetting a process object waits for its process, which is the parent's.
        self._inherited = getattr(self, "_idle", [])
        # The process that was used last is used next, so that the others end when they are not needed.
        self._idle: list[_Renderer] = []

    def render(self, request: bytes) -> Rendering:
        """Render one document in another process; the caller's thread waits for it and uses no processor.

        Raises `RenderingBusy` if no process is free in time, and `RenderingUnavailable` if the document cannot be
        rendered. Never call it inside a transaction.
        """
        if not self._free.acquire(timeout=WAIT_LIMIT):
            raise RenderingBusy(
                "Too many documents are being rendered: try again later.", retry_after=RETRY_AFTER
            )
        try:
            return self._render(request)
        finally:
            self._free.release()

    def _render(self, request: bytes) -> Rendering:
        try:
            return self._render_once(request)
        except _Ended:
            # A process may be killed for a reason that lies outside of the document.
            try:
                return self._render_once(request)
            except _Ended as error:
                raise RenderingUnavailable(f"The document cannot be rendered: {error}") from error

    def _render_once(self, request: bytes) -> Rendering:
        renderer = self._take()
        try:
            rendering = renderer.render(request)
        except BaseException:
            renderer.stop()
            raise
        self._idle.append(renderer)
        return rendering

    def _take(self) -> "_Renderer":
        with suppress(IndexError):
            while True:
                renderer = self._idle.pop()
                if renderer.is_fresh():
                    return renderer
                renderer.stop()
        return _Renderer(self._program)

    def close(self) -> None:
        """End the idle processes."""
        with suppress(IndexError):
            while True:
                self._idle.pop().stop()


class _Ended(Exception):
    """The process ended before it replied."""


class _Renderer:
    """One rendering process."""

    def __init__(self, program: Path) -> None:
        self._connection, theirs = Pipe()
        try:
            # A session of its own: Ctrl-C in a terminal must not end it before its owner.
            self._process = Popen(  # noqa: S603 - a program of this package
                [sys.executable, "-I", str(program), str(theirs.fileno())],
                stdin=DEVNULL,
                stdout=DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._used_at = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether the process runs, and was used so recently that it is not about to end."""
        return time.monotonic() - self._used_at < _FRESH_FOR and self._process.poll() is None

    def render(self, request: bytes) -> Rendering:
        with self._killed_at_time_limit():
            try:
                self._connection.send_bytes(request)
                reply = json.loads(self._connection.recv_bytes())
                content = b"" if "error" in reply else self._connection.recv_bytes()
            except (EOFError, OSError) as error:
                raise _Ended(f"the rendering process ended (exit code {self._process.wait()}).") from error
        if "error" in reply:
            raise RenderingUnavailable(f"The document cannot be rendered: {reply['error']}")
        self._used_at = time.monotonic()
        return Rendering(content, tuple(reply["missing"]))

    @contextmanager
    def _killed_at_time_limit(self) -> Iterator[None]:
        """Kill the process at the time limit, which ends every wait for it. Raises `RenderingUnavailable` then."""
        expired = Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        timer = Timer(TIME_LIMIT, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except _Ended as error:
            if expired.is_set():
                # Once is enough: the next process would hang too.
                raise RenderingUnavailable("The document took too long to render.") from error
            raise
        finally:
            timer.cancel()

    def stop(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()
