"""Renders HTML as PDF; a document loads no external resource."""

import logging
import threading
import unicodedata
from typing import NoReturn

import structlog
from cachetools import TTLCache

from lumira.errors import RenderingUnavailable

log = structlog.get_logger()

#: Tagged for screen readers (ISO 14289-1).
_VARIANT = "pdf/ua-1"
# Each step of each document would be a line of the log.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)
#: What to install: names and products may be in any script.
PACKAGES = (
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-noto-core fonts-noto-cjk"
)


class _MissingGlyphs(logging.Filter):
    """Collects the scripts that no installed font has, in place of the renderer's warnings.

    These would put a name into the log, one character a line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scripts: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if "glyph" not in str(record.msg) or not isinstance(record.args, tuple):
            return True
        character = str(record.args[0])[:1]
        # The first word of a character's name is its script: "THAI CHARACTER SO SUA".
        self.scripts.add(unicodedata.name(character, "unknown").partition(" ")[0])
        return False


_missing_glyphs = _MissingGlyphs()
logging.getLogger("weasyprint").addFilter(_missing_glyphs)
# Pango's font maps are shared by the threads of a process, and a document takes a tenth of a second.
_rendering_lock = threading.Lock()
#: The documents rendered in the last minutes: a PDF viewer requests one in parts, and repeated requests must not
#: occupy a process. No longer than a visit takes, because a document names the buyer.
_rendered: TTLCache[tuple[str, str], bytes] = TTLCache(maxsize=64, ttl=300)


def render(html: str, *, identifier: str) -> bytes:
    """Render an HTML document as PDF; the same text and identifier give the same bytes on one machine.

    `RenderingUnavailable` if the system has no Pango. Slow: never call it inside a transaction.
    """
    try:
        # Imported with the first document: it opens system libraries that nothing else needs.
        from weasyprint import HTML  # noqa: PLC0415
    except OSError as error:
        raise RenderingUnavailable(
            f"Documents cannot be rendered: Pango is missing. On Debian and Ubuntu: apt install {PACKAGES}"
        ) from error
    with _rendering_lock:
        content: bytes | None = _rendered.get((html, identifier))
        if content is None:
            _missing_glyphs.scripts.clear()
            document = HTML(string=html, url_fetcher=_refuse)
            content = document.write_pdf(pdf_variant=_VARIANT, pdf_identifier=identifier.encode())
            _rendered[html, identifier] = content
            if _missing_glyphs.scripts:
                # The document has boxes in place of characters until a font is installed.
                log.warning("fonts_missing", scripts=sorted(_missing_glyphs.scripts))
    return content


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"A document loads no external resource: {url[:80]!r} is refused.")
