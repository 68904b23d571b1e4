"""Every log event is documented for operators."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lumira

SOURCE = Path(lumira.__file__).parent
#: Programs for trying Lumira out, which no operator runs.
_NOT_OPERATED = ("sandbox", "cli/demo")


def logged() -> Iterator[tuple[str, str]]:
    """Yield file and name of every log event."""
    for file in sorted(SOURCE.rglob("*.py")):
        where = file.relative_to(SOURCE).as_posix()
        if where.startswith(_NOT_OPERATED):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="log"),
                        attr="debug" | "info" | "warning" | "error" | "exception" | "critical",
                    ),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    yield where, name


NAMES = sorted({name for _, name in logged()})


def test_log_events_are_found_in_the_source() -> None:
    assert {"request", "event_processed", "alert_raised"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_log_event_is_documented_for_operators(name: str) -> None:
    assert f"`{name}`" in (SOURCE.parent / "docs" / "operations.md").read_text()
