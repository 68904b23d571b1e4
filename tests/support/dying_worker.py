"""The web server's worker class, which a test kills right before or after it commits a batch of deliveries."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from config.receiving_worker import ReceivingWorker
from lumira.webhooks.event_rows import EventRow
from lumira.webhooks.inbox_session import InboxSession

#: The variable with the path of a file that says when: "before" or "after". Each death removes it.
DIES = "DIES_AT_COMMIT"


class DyingWorker(ReceivingWorker):
    """Dies once if the file says so."""

    def run(self) -> None:
        file = Path(os.environ[DIES])
        send, receive = InboxSession.send, InboxSession.receive

        def dies(when: str) -> bool:
            return file.exists() and file.read_text() == when

        def send_or_die(session: InboxSession, rows: Sequence[EventRow]) -> bool:
            if dies("before"):
                _die(file)
            return send(session, rows)

        def receive_or_die(session: InboxSession) -> list[bool] | None:
            are_new = receive(session)
            if are_new is not None and dies("after"):
                _die(file)
            return are_new

        InboxSession.send, InboxSession.receive = send_or_die, receive_or_die  # type: ignore[method-assign]
        super().run()


def _die(file: Path) -> None:
    file.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
