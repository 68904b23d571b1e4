"""The files in which processes count: a counter survives its process, and no file is left behind for ever."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from config.settings import ROOT
from lumira import metric_files, metrics
from lumira.metric_files import Processes

_PROCESS = """
import sys
from pathlib import Path
from lumira import metrics
metrics.begin(Path(sys.argv[1]))
metrics.POLLS.count(number=float(sys.argv[2]))
metrics.STRIPE_SLOTS.set(10, "web")
print("counted", flush=True)
sys.stdin.read()
"""


@contextmanager
def process(folder: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    """A process that has counted `number` polls and has ten slots; it ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(folder), str(number)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        # What it logs before is about the files.
        assert "counted\n" in running.stdout
        try:
            yield running
        finally:
            running.kill()


def value(folder: Path, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(Processes(folder))
    return registry.get_sample_value(name, labels)


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Path]:
    """The folder in which this process counts."""
    metrics.begin(tmp_path)
    yield tmp_path
    metrics.end()
    metric_files.release_slot()


def test_the_counters_of_two_processes_add_up_after_one_was_killed_and_restarted(tmp_path: Path) -> None:
    with process(tmp_path, 3):
        with process(tmp_path, 4) as killed:
            assert value(tmp_path, "lumira_orders_polled_total") == 7
            assert value(tmp_path, "lumira_stripe_slots", process="web") == 20
            before = files(tmp_path)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        assert value(tmp_path, "lumira_orders_polled_total") == 7
        assert value(tmp_path, "lumira_stripe_slots", process="web") == 10
        with process(tmp_path, 5):
            assert value(tmp_path, "lumira_orders_polled_total") == 12
            assert value(tmp_path, "lumira_stripe_slots", process="web") == 20
            assert files(tmp_path) == before


def test_counters_begin_anew_when_no_process_was_left(tmp_path: Path) -> None:
    for number in (3, 4):
        with process(tmp_path, number):
            assert value(tmp_path, "lumira_orders_polled_total") == number


def test_a_file_that_a_power_failure_destroyed_hides_no_other_process(tmp_path: Path) -> None:
    with process(tmp_path, 3):
        with process(tmp_path, 4):
            destroyed = tmp_path / "counter_2.db"
            destroyed.write_bytes(destroyed.read_bytes()[:8] + bytes(len(destroyed.read_bytes()) - 8))
            assert value(tmp_path, "lumira_orders_polled_total") == 3
        with process(tmp_path, 5):
            assert value(tmp_path, "lumira_orders_polled_total") == 8


def test_a_lock_that_cannot_be_opened_hides_no_process(tmp_path: Path) -> None:
    with process(tmp_path, 3):
        (tmp_path / "2.lock").symlink_to(tmp_path / "missing" / "lock")
        assert value(tmp_path, "lumira_orders_polled_total") == 3
        assert value(tmp_path, "lumira_stripe_slots", process="web") == 10
        with process(tmp_path, 4):
            assert value(tmp_path, "lumira_orders_polled_total") == 7


def test_a_process_without_a_folder_runs_and_counts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    metrics.begin(file)
    metrics.POLLS.count()
    assert value(tmp_path, "lumira_orders_polled_total") is None


def test_a_process_for_which_the_disk_has_no_room_runs_and_counts_nothing(tmp_path: Path) -> None:
    with process(tmp_path, 3):
        # As with a full disk, the files of another slot cannot be made as large as they are to be.
        little = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n{_PROCESS}"
        done = subprocess.run(
            [sys.executable, "-c", little, str(tmp_path), "4"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert "metrics_not_counted" in done.stdout
        assert done.stdout.endswith("counted\n")
        assert not {file for file in files(tmp_path) if file.endswith("_2.db")}
        assert value(tmp_path, "lumira_orders_polled_total") == 3


def test_a_forked_process_does_not_write_into_the_files_of_its_parent(counting: Path) -> None:
    metrics.POLLS.count()
    child = os.fork()
    if not child:
        metrics.POLLS.count()
        os._exit(0)
    os.waitpid(child, 0)
    assert value(counting, "lumira_orders_polled_total") == 1


def test_a_command_does_not_import_the_client_of_prometheus() -> None:
    check = "import sys, lumira.metrics, lumira.stripe_slots; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
