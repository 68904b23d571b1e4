"""One measured process: threads that reserve a unit of the same product for one order after the other."""

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
from lumira.repositories.inventory import stock

#: Unmeasured reservations of each buyer, which open connections and prepare statements.
_WARM_UP = 50


class Buyer(threading.Thread):
    """Reserves until the time is over; counts the commits in time, and all commits."""

    def __init__(
        self, tenant_id: int, product_id: str, order_ids: Iterator[UUID], ready: threading.Barrier
    ) -> None:
        super().__init__()
        self.tenant_id, self.product_id, self.order_ids, self.ready = tenant_id, product_id, order_ids, ready
        self.until = 0.0
        self.in_time = self.committed = 0

    def run(self) -> None:
        with app.app_context():
            for _ in range(_WARM_UP):
                self.reserve_one()
            self.ready.wait()
            # Between the two waits the main thread receives the start time.
            self.ready.wait()
            while time.time() < self.until:
                self.reserve_one()
                self.in_time += time.time() < self.until

    def reserve_one(self) -> None:
        """Reserve one unit for one order: stock item, reservation and movement in one commit."""
        with atomic(self.tenant_id):
            reservation = stock.reserve_units(
                self.tenant_id,
                next(self.order_ids),
                self.product_id,
                quantity=1,
                until=utc_now() + timedelta(minutes=30),
                actor="buyer",
            )
            assert reservation is not None
        self.committed += 1


def main(tenant_id: int, product_id: str, buyers: int, seconds: int, share: int, shares: int) -> None:
    """Print `ready`, read the start time, and print the reservations: those in time, and all."""
    with app.app_context(), atomic(tenant_id):
        order_ids = list(db.session.execute(select(Order.id).order_by(Order.id)).scalars())
    # Each order is used by exactly one process and thread.
    own = itertools.islice(order_ids, share, None, shares)
    parts = [iter(part) for part in _split(list(own), buyers)]
    ready = threading.Barrier(buyers + 1)
    threads = [Buyer(tenant_id, product_id, part, ready) for part in parts]
    for thread in threads:
        thread.start()
    ready.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    start_at = float(sys.stdin.readline())
    for thread in threads:
        thread.until = start_at + seconds
    time.sleep(max(0.0, start_at - time.time()))
    ready.wait()
    for thread in threads:
        thread.join()
    in_time, committed = (
        sum(thread.in_time for thread in threads),
        sum(thread.committed for thread in threads),
    )
    sys.stdout.write(f"{in_time} {committed}\n")


def _split(order_ids: list[UUID], parts: int) -> list[list[UUID]]:
    return [order_ids[part::parts] for part in range(parts)]


if __name__ == "__main__":
    app = create_app(Settings.from_environment())
    logging.getLogger().setLevel(logging.WARNING)
    tenant, product, *counts = sys.argv[1:]
    main(int(tenant), product, *(int(count) for count in counts))
