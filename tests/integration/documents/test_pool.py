"""Documents are rendered in other processes, which may die or hang."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest

from lumira.documents import pool, renderer
from lumira.documents.pool import RenderingPool
from lumira.errors.files import RenderingBusy, RenderingUnavailable

#: A renderer that does what the test's request says.
PROGRAM = """
import json, os, signal, sys, time
from multiprocessing.connection import Connection

owner = Connection(int(sys.argv[1]))
while True:
    try:
        request = json.loads(owner.recv_bytes())
    except EOFError:
        break
    if request["do"] == "hang":
        time.sleep(60)
    if request["do"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if request["do"] == "die once" and not os.path.exists(request["mark"]):
        open(request["mark"], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    owner.send_bytes(json.dumps({"missing": []}).encode())
    owner.send_bytes(json.dumps([os.getpid(), dict(os.environ)]).encode())
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[int], RenderingPool]]:
    """Start a pool of this size that runs the test's program."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    started: list[RenderingPool] = []

    def start_pool(size: int) -> RenderingPool:
        started.append(RenderingPool(size, program=program))
        return started[-1]

    yield start_pool
    for each in started:
        each.close()


def ask(rendering: RenderingPool, do: str = "", **values: str) -> tuple[int, dict[str, str]]:
    """The id and the environment of the process that replied."""
    number, environment = json.loads(rendering.render(json.dumps({"do": do, **values}).encode()).content)
    return number, environment


def test_documents_are_rendered_one_after_another_by_one_other_process(start) -> None:
    rendering = start(2)
    numbers = {ask(rendering)[0] for _ in range(3)}

    assert len(numbers) == 1
    assert os.getpid() not in numbers


def test_a_rendering_process_has_none_of_the_settings(start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "secret")

    assert "secret" not in ask(start(1))[1].values()


def test_a_document_is_rendered_although_its_process_is_killed(start, tmp_path: Path) -> None:
    rendering = start(1)
    first, _ = ask(rendering)
    second, _ = ask(rendering, "die once", mark=str(tmp_path / "mark"))
    os.kill(second, signal.SIGKILL)

    assert len({first, second, ask(rendering)[0]}) == 3


def test_a_document_that_ends_every_process_is_refused_and_the_next_one_is_rendered(start) -> None:
    rendering = start(1)
    with pytest.raises(RenderingUnavailable, match="ended"):
        ask(rendering, "die")

    assert ask(rendering)[0] > 0


def test_a_process_that_hangs_is_replaced_at_the_time_limit(start, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering = start(1)
    hanging, _ = ask(rendering)
    monkeypatch.setattr(pool, "TIME_LIMIT", 0.2)
    with pytest.raises(RenderingUnavailable, match="too long"):
        ask(rendering, "hang")
    monkeypatch.setattr(pool, "TIME_LIMIT", 30.0)

    assert ask(rendering)[0] != hanging
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)


def test_a_caller_of_a_full_pool_waits_no_longer_than_the_limit(
    start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "WAIT_LIMIT", 0.1)
    with pytest.raises(RenderingBusy) as refused:
        ask(start(0))

    assert refused.value.retry_after == pool.RETRY_AFTER


def test_a_process_ends_with_its_owner_and_when_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Pipe()
    monkeypatch.setattr(renderer, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(renderer, "IDLE_SECONDS", 0.05)
    assert list(renderer._requests(theirs)) == []

    ours.send_bytes(b"request")
    ours.close()
    assert list(renderer._requests(theirs)) == [b"request"]


def test_the_scripts_that_no_font_has_are_named_without_the_text() -> None:
    diagnostic = (
        'error: PDF/A-2a error: the text `"ส"` could not be displayed with font `"A"`\n'
        'error: PDF/A-2a error: the text `"\\u{e5a1}"` could not be displayed with font `"A"`\n'
    )
    assert renderer.missing_scripts(diagnostic) == ["THAI", "unknown"]
