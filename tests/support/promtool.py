"""promtool, Prometheus' own program that checks and evaluates rules."""

import shutil
import subprocess
import sys
from pathlib import Path


def promtool(*arguments: str, folder: Path, sent: str = "") -> str:
    """Run it in a folder and return what it prints; fail with that if it finds a fault. `sent` is its input."""
    program = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
    if program is None:
        raise RuntimeError("promtool is missing: `make machine` takes it from Debian's package prometheus.")
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        input=sent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
