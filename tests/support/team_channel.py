"""A team's channel: a real HTTP server to which alerts are posted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Handler, serving


@dataclass
class Channel:
    """What was posted, and the statuses of the next replies (200 if none is named)."""

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Channel]:
    """Run the server during the block."""
    channel = Channel()

    def respond(request: Handler) -> None:
        channel.posted.append(json.loads(request.body()))
        request.reply(channel.statuses.pop(0) if channel.statuses else 200, Location=channel.url)

    with serving(respond) as address:
        channel.url = f"http://{address}/services/T000/SECRET-PATH"
        yield channel
