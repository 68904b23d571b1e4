"""What the buyers saw: every answer, so that a difference can be told with its story."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.plan import Purchase


@dataclass
class Entry:
    """One purchase as its buyer saw it."""

    purchase: Purchase
    #: What was answered to each ask: more than one where several asked at once.
    opened: list[dict[str, Any]] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    #: Whether it was told that there are no pieces left.
    is_refused: bool = False
    #: Ids of the refunds that Lumira answered to have made.
    refunded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.notes.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {what}")


class Journal:
    """All purchases by number, the kills, and a file that tells everything as it happens."""

    def __init__(self, path: Path) -> None:
        self.entries: dict[int, Entry] = {}
        self.answered = 0
        self._file = path.open("a")
        self._changed = threading.Condition()

    def open(self, purchase: Purchase) -> Entry:
        entry = self.entries[purchase.number] = Entry(purchase)
        return entry

    def count_answer(self) -> None:
        """One more purchase is under way; kills wait for this."""
        with self._changed:
            self.answered += 1
            self._changed.notify_all()

    def wait_for_answers(self, number: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.answered >= number, timeout)

    def tell(self, event: str, **fields: Any) -> None:
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **fields}
        with self._changed:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()
