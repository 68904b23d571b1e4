"""A mail server that accepts every message at once and notes when, for the message benchmark.

Run as a process of its own: `python -m tests.benchmarks.mail_server PORT FILE`.
"""

# ruff: noqa: ARG002, N802 - names and arguments that the server's library calls with

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)


class Accepting:
    """Notes each accepted message as a line: the time, the local part of its Message-ID, its size, its peer's port."""

    def __init__(self, file: Path) -> None:
        self._output = file.open("w", buffering=1)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode() if found else "-"
        port = session.peer[1] if isinstance(session.peer, tuple) else 0
        self._output.write(f"{time.time():.6f} {message_id} {len(content)} {port}\n")
        return "250 OK"


async def _serve(port: int, file: Path) -> None:
    accepting = Accepting(file)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(accepting, hostname="localhost"), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
