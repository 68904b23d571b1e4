"""The web server's worker class, which a test kills right before or after it commits a batch of deliveries."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config.receiving_worker import ReceivingWorker
from lumira.webhooks import committer
from lumira.webhooks.event_rows import EventRow

#: The variable with the path of a file that says when: "before" or "after". Each death removes it.
DIES = "DIES_AT_COMMIT"


class DyingWorker(ReceivingWorker):
    """Dies once if the file says so."""

    def run(self) -> None:
        file, insert = Path(os.environ[DIES]), committer.insert

        def dying(rows: Sequence[EventRow], **options: Any) -> list[bool]:
            when = file.read_text() if file.exists() else ""
            if when == "before":
                _die(file)
            are_new = insert(rows, **options)
            if when == "after":
                _die(file)
            return are_new

        committer.insert = dying
        super().run()


def _die(file: Path) -> None:
    file.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
