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
    #: The parcels as Lumira returned them last, by their ids, and the returns.
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)
    returns: list[dict[str, Any]] = field(default_factory=list)
    parcel_calls: int = 0
    steps: list[str] = field(default_factory=list)

    def log_parcel(self, reply: dict[str, Any]) -> None:
        """Log a parcel or a return that Lumira has recorded."""
        if "shippedAt" in reply:
            self.shipments[reply["id"]] = reply
        else:
            self.returns.append(reply)

    def shipped(self, product: str) -> int:
        """Return how many units of a product are in parcels that were not cancelled."""
        sent = [each for each in self.shipments.values() if each["cancelledAt"] is None]
        return _units(sent, product)

    def back_in_stock(self, product: str) -> int:
        """Return how many units of a product came back and can be sold again."""
        return _units(self.returns, product, condition="restockable")

    @property
    def refunds_of_returns(self) -> int:
        """How many refunds follow from returns."""
        return sum(each["refundAmount"] > 0 for each in self.returns)

    def record(self, step: str) -> None:
        self.steps.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {step}")


def _units(recorded: list[dict[str, Any]], product: str, *, condition: str | None = None) -> int:
    return sum(
        line["quantity"]
        for each in recorded
        for line in each["lines"]
        if line["productId"] == product and line.get("condition") == condition
    )


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
