"""The program of a rendering process: renders documents until its owner ends, or until it is idle.

It is run as a file by `pool`, in Python's isolated mode: it imports nothing of Lumira, has none of its settings and
secrets, and opens no file but the template and the fonts. So it is small and starts quickly, and a document that
crashes or exhausts it harms nothing else.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import unicodedata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Archivable (ISO 19005-2) and tagged for screen readers (ISO 14289-1).
STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]
#: Seconds of processor time for one document; the longest cart takes a tenth of a second.
_PROCESSOR_SECONDS = 10
#: Bytes of address space: the fonts of all scripts are mapped, and no document needs a tenth of this.
_ADDRESS_SPACE = 4 * 1024**3
#: Seconds between two looks whether the owner still lives, and seconds without a document after which the process ends.
_LOOK_EVERY, IDLE_SECONDS = 5.0, 120.0

_TEMPLATES = Path(__file__).parent / "templates"
#: What can be rendered. A request names one of these, and never a file.
_NAMES = ("receipt", "packing_slip")
_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def main(descriptor: int) -> None:
    """Render what arrives on this socket: a request is one message, its reply a description and the PDF."""
    # The owner decides when the process ends, also if the whole process group is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    owner = Connection(descriptor)
    fonts = typst.Fonts()
    compilers: dict[str, typst.Compiler] = {}
    for request in _requests(owner):
        _limit_processor_time()
        try:
            content, missing = _render(_compiler_for(compilers, fonts, request), json.loads(request))
        except typst.TypstError as error:
            # A mistake in the template: the second attempt refuses no text.
            owner.send_bytes(json.dumps({"error": str(error.message)[:300]}).encode())
        else:
            owner.send_bytes(json.dumps({"missing": missing}).encode())
            owner.send_bytes(content)


def _compiler_for(compilers: dict[str, typst.Compiler], fonts: typst.Fonts, request: bytes) -> typst.Compiler:
    """Return the compiler of the template that a request names, made when it is first needed."""
    name = json.loads(request).get("template", _NAMES[0])
    if name not in compilers:
        if name not in _NAMES:
            raise ValueError("There is no such template.")
        compilers[name] = typst.Compiler(_TEMPLATES / f"{name}.typ", root=_TEMPLATES, font_paths=fonts)
    return compilers[name]


def _requests(owner: Connection) -> Iterator[bytes]:
    """Yield the requests until the owner has ended, or none came for a while."""
    parent, idle = os.getppid(), 0.0
    while idle < IDLE_SECONDS:
        if owner.poll(_LOOK_EVERY):
            try:
                yield owner.recv_bytes()
            except EOFError:
                return
            idle = 0.0
        elif os.getppid() != parent:
            # The socket does not tell: another child of the owner may have inherited its end.
            return
        else:
            idle += _LOOK_EVERY


def _limit_processor_time() -> None:
    """Let the system end this process if the next document takes too long, even if the owner has ended."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + _PROCESSOR_SECONDS, hard))


def _render(compiler: typst.Compiler, request: dict[str, object]) -> tuple[bytes, list[str]]:
    """Return the PDF, and the scripts of characters that no font has."""
    try:
        return _compile(compiler, request, STANDARDS), []
    except typst.TypstError as error:
        # The standards forbid a character that no font has. A receipt with a box in a name is better than none.
        return _compile(compiler, request, []), missing_scripts(error.diagnostic)


def _compile(
    compiler: typst.Compiler, request: dict[str, object], standards: list[typst.PDFStandard]
) -> bytes:
    content = compiler.compile(
        # Never a part of the template: text of a buyer is a string, whatever it contains.
        sys_inputs={"document": json.dumps(request["document"])},
        pdf_standards=standards,
        timestamp=int(str(request["created"])),
    )
    if not isinstance(content, bytes):
        raise TypeError("A PDF is one file.")
    return content


def missing_scripts(diagnostic: str) -> list[str]:
    """Return the scripts of the characters that a diagnostic names; the characters may be a buyer's name."""
    texts = (_ESCAPED.sub(_unescaped, text) for text in _MISSING.findall(diagnostic))
    # The first word of a character's name is its script: "THAI CHARACTER SO SUA".
    return sorted({unicodedata.name(text[0], "unknown").partition(" ")[0] for text in texts})


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


if __name__ == "__main__":
    main(int(sys.argv[1]))
