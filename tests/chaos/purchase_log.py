"""What each buyer received, to explain a difference afterwards."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.plan import Purchase


@dataclass
class Entry:
    """One purchase from the buyer's side."""

    purchase: Purchase
    #: Successful responses to opening it: several if several requests ran at once.
    opened: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    #: Whether Lumira refused it as out of stock.
    was_out_of_stock: bool = False
    #: Ids of the refunds that Lumira reported.
    refunded: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def record(self, step: str) -> None:
        self.steps.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {step}")


class PurchaseLog:
    """All purchases by number, and a file of the run's events as JSON lines."""

    def __init__(self, path: Path) -> None:
        self.entries: dict[int, Entry] = {}
        self.responses = 0
        self._file = path.open("a")
        self._changed = threading.Condition()

    def open(self, purchase: Purchase) -> Entry:
        entry = self.entries[purchase.number] = Entry(purchase)
        return entry

    def count_response(self) -> None:
        """Count a purchase that has been opened or refused; kills wait for this number."""
        with self._changed:
            self.responses += 1
            self._changed.notify_all()

    def wait_for_responses(self, number: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.responses >= number, timeout)

    def write(self, event: str, **fields: Any) -> None:
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **fields}
        with self._changed:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()
