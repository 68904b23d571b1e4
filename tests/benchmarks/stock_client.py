"""One measured process: buyers who take a piece of the same product for one order after the other."""

import itertools
import logging
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from config.settings import Settings
from lumira import create_app
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Order
from lumira.repositories import stock

#: Holds of each buyer before the measured ones: connections are open, statements prepared.
_WARMING_UP = 50


class Buyer(threading.Thread):
    """Holds until the time is over; what it committed before, in it and altogether."""

    def __init__(
        self, tenant_id: int, product_id: str, order_ids: Iterator[UUID], ready: threading.Barrier
    ) -> None:
        super().__init__()
        self.tenant_id, self.product_id, self.order_ids, self.ready = tenant_id, product_id, order_ids, ready
        self.until = 0.0
        self.in_time = self.committed = 0

    def run(self) -> None:
        with app.app_context():
            for _ in range(_WARMING_UP):
                self.hold_one()
            self.ready.wait()
            # From here to the second wait the main thread learns when to begin.
            self.ready.wait()
            while time.time() < self.until:
                self.hold_one()
                self.in_time += time.time() < self.until

    def hold_one(self) -> None:
        """One piece for one order: figure, reservation and movement, in one commit."""
        with atomic(self.tenant_id):
            taken = stock.reserve_units(
                self.tenant_id,
                next(self.order_ids),
                self.product_id,
                quantity=1,
                until=utc_now() + timedelta(minutes=30),
                actor="buyer",
            )
            assert taken is not None
        self.committed += 1


def main(tenant_id: int, product_id: str, buyers: int, seconds: int, share: int, shares: int) -> None:
    """Say when ready, read the moment to begin, and say what was reserved: in time, and altogether."""
    with app.app_context(), atomic(tenant_id):
        order_ids = list(db.session.execute(select(Order.id).order_by(Order.id)).scalars())
    # Each order gets its piece once, whichever process and thread takes it.
    own = itertools.islice(order_ids, share, None, shares)
    parts = [iter(part) for part in _dealt(list(own), buyers)]
    ready = threading.Barrier(buyers + 1)
    threads = [Buyer(tenant_id, product_id, part, ready) for part in parts]
    for thread in threads:
        thread.start()
    ready.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    begin = float(sys.stdin.readline())
    for thread in threads:
        thread.until = begin + seconds
    time.sleep(max(0.0, begin - time.time()))
    ready.wait()
    for thread in threads:
        thread.join()
    in_time, committed = sum(each.in_time for each in threads), sum(each.committed for each in threads)
    sys.stdout.write(f"{in_time} {committed}\n")


def _dealt(order_ids: list[UUID], hands: int) -> list[list[UUID]]:
    return [order_ids[hand::hands] for hand in range(hands)]


if __name__ == "__main__":
    app = create_app(Settings.from_environment())
    logging.getLogger().setLevel(logging.WARNING)
    tenant, product, *counts = sys.argv[1:]
    main(int(tenant), product, *(int(count) for count in counts))
