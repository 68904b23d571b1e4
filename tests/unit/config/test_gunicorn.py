"""A process accepts no more connections than it has file descriptors for: without one, accepting would end it."""

import resource
import runpy

import pytest


@pytest.mark.parametrize(
    ("files", "connections"), [(1024, 512), (4096, 3072), (524_288, 16_384), (-1, 16_384)]
)
def test_connections_leave_file_descriptors_for_everything_else(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, files))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.append(wanted))
    settings = runpy.run_path("config/gunicorn.py")
    assert settings["worker_connections"] == connections
    [(opened, _)] = limits
    assert opened - connections >= min(1024, connections)
