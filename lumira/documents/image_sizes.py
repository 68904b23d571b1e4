"""Renders the sizes of a product's image in another process: decoding takes memory, and a processor for a second."""

import json
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE, TimeoutExpired, run
from threading import BoundedSemaphore

from lumira.domain.product_images import MAX_BYTES, RenderedSize
from lumira.errors.files import FileTooLarge, InvalidImage, RenderingBusy

#: Processes at once: an owner uploads an image now and then, and each takes up to two gigabytes.
_AT_ONCE = 1
#: Seconds that a caller waits for a free process, and seconds for one image, the start of the process included.
_WAIT_LIMIT, _TIME_LIMIT = 5.0, 30.0
_RETRY_AFTER = 30
_PROGRAM = "lumira.documents.image_renderer"
_ROOT = Path(__file__).parents[2]

_free = BoundedSemaphore(_AT_ONCE)


def render_sizes(content: bytes) -> list[RenderedSize]:
    """Return an uploaded image in the widths of the pages, as `product_images.render_sizes`, from another process.

    Raises `InvalidImage` and `FileTooLarge`, and `RenderingBusy` if another image takes too long. The caller's thread
    waits and uses no processor; never call it inside a transaction.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge(f"The image is larger than {MAX_BYTES} bytes.", limit=MAX_BYTES)
    if not _free.acquire(timeout=_WAIT_LIMIT):
        raise RenderingBusy("Another image is being rendered: try again later.", retry_after=_RETRY_AFTER)
    try:
        return _read(_run(content))
    finally:
        _free.release()


def _run(content: bytes) -> bytes:
    command = [sys.executable, "-m", _PROGRAM]
    try:
        ended = run(  # noqa: S603 - a program of this package
            command,
            input=content,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_ROOT,
            env={},
            timeout=_TIME_LIMIT,
            check=False,
            start_new_session=True,
        )
    except TimeoutExpired as error:
        raise InvalidImage("The image takes too long to render.") from error
    if ended.returncode != 0:
        # The system has ended it at a limit, or the decoder has failed.
        raise InvalidImage("The image cannot be rendered: it takes too much memory or time.")
    return ended.stdout


def _read(reply: bytes) -> list[RenderedSize]:
    line, _, contents = reply.partition(b"\n")
    described = json.loads(line)
    if "error" in described:
        raise InvalidImage(described["message"])
    sizes: list[RenderedSize] = []
    for width, height, length in described["sizes"]:
        sizes.append(RenderedSize(width, height, contents[:length]))
        contents = contents[length:]
    return sizes
