"""Threads that send due deliveries, several at once, so that the order is not guaranteed."""

import threading
import time

from lumira.sandbox.store import Store, StoreClosedError
from lumira.sandbox.webhooks import queue
from lumira.sandbox.webhooks.posting import post
from lumira.sandbox.webhooks.signing import signature_header

#: A worker checks the queue after this long even without a wake-up.
_MAX_SLEEP_SECONDS = 5.0
_JOIN_SECONDS = 1.0


class DeliveryWorkers:
    """Threads that process the queue; call ``wake`` after a delivery was queued."""

    def __init__(self, store: Store, workers: int) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._generation = 0
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"sandbox-delivery-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Requeue the interrupted deliveries of an earlier process, then start the threads."""
        with self._store.transaction() as connection:
            queue.recover(connection)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads; a delivery that is still being sent is repeated after the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.01))

    def wake(self) -> None:
        """Notify the threads that the queue changed."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    def wait_until_idle(self, account_id: str, timeout: float) -> bool:
        """Wait until no delivery of the account is due or being sent; return False after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self._stopping:
            generation = self._generation
            with self._store.transaction() as connection:
                if not queue.is_busy(connection, account_id):
                    return True
            self._wait(generation, 0.25)
        return False

    def _wait(self, generation: int, seconds: float) -> None:
        with self._changed:
            if self._generation == generation and not self._stopping:
                self._changed.wait(seconds)

    def _run(self) -> None:
        while not self._stopping:
            generation = self._generation
            try:
                delivered = self._deliver_one()
            except StoreClosedError:
                return
            if delivered:
                # `wait_until_idle` checks again, and so do workers that wait for the time of a retry.
                self.wake()
            else:
                self._sleep(generation)

    def _deliver_one(self) -> bool:
        with self._store.transaction() as connection:
            delivery = queue.claim(connection)
        if delivery is None:
            return False
        signature = signature_header(delivery.secret, delivery.body, delivery.sent_at)
        attempt = post(delivery.url, delivery.body, signature)
        with self._store.transaction() as connection:
            queue.finish(connection, delivery, attempt)
        return True

    def _sleep(self, generation: int) -> None:
        try:
            with self._store.transaction() as connection:
                due = queue.next_due(connection)
        except StoreClosedError:
            return
        seconds = _MAX_SLEEP_SECONDS
        if due is not None:
            seconds = min(max(due - time.time(), 0.001), seconds)
        self._wait(generation, seconds)
