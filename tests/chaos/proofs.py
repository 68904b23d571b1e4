"""Lumira's own verification commands, run as an operator runs them."""

import subprocess
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.installation import ROOT, Installation, module

_TIMEOUT = 120
_PROOFS = (("stock", "verify"), ("receipts", "verify"), ("promotions", "verify"))


def verify(installation: Installation) -> Iterator[Difference]:
    """Yield a difference for each command that fails.

    Stock must equal its movements, and uses of promotion codes their orders; receipts must have no gap and match the
    payments.
    """
    for command in _PROOFS:
        completed = subprocess.run(
            module("flask", *command),
            cwd=ROOT,
            env=installation.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if completed.returncode != 0:
            yield Difference(
                "wrong", f"flask {' '.join(command)}: {completed.stdout}{completed.stderr[-2000:]}"
            )
