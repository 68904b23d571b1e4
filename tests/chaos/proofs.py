"""What Lumira itself proves of its books: asked as an operator would ask."""

import subprocess
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.installation import ROOT, Installation, module

_TIMEOUT = 120
_PROOFS = (("stock", "verify"), ("receipts", "verify"))


def verify(installation: Installation) -> Iterator[Difference]:
    """Figures of stock are the sum of their movements; receipts have no gap, and agree with the money."""
    for command in _PROOFS:
        done = subprocess.run(
            module("flask", *command),
            cwd=ROOT,
            env=installation.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            yield Difference("wrong", f"flask {' '.join(command)}: {done.stdout}{done.stderr[-2000:]}")
