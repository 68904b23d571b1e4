"""The processor time of processes and their children."""

import psutil  # type: ignore[import-untyped]


def seconds_of(*roots: int) -> float:
    """Return the seconds that these processes and their running children, and theirs, have used."""
    total = 0.0
    for root in map(psutil.Process, roots):
        for process in (root, *root.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
    return total
