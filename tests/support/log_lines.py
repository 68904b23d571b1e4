"""The log of a test: the lines that this process wrote to stderr."""

import json
from typing import Any

import pytest


def logged(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """Return the lines of this event since the last look, oldest first."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]
