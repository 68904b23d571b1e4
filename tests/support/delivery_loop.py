"""A main loop for a door of deliveries, which looks at the sockets when the test says so."""

import selectors
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from lumira.blueprints.http.delivery_door import DeliveryDoor, Reply
from tests.benchmarks.processes import wait_until


class DeliveryLoop:
    """The loop, and all replies that were sent."""

    def __init__(self, door: DeliveryDoor) -> None:
        self.replies: dict[object, Reply] = {}
        self._door = door
        self._selector = selectors.DefaultSelector()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def send(self, replies: Sequence[tuple[object, Reply]]) -> None:
        self.replies.update(replies)

    def watch(self, fd: int, ready: Callable[[], None], *, writing: bool = False) -> None:
        change = self._selector.modify if fd in self._selector.get_map() else self._selector.register
        change(fd, selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0), ready)

    def unwatch(self, fd: int) -> None:
        self._selector.unregister(fd)

    def call(self, function: Callable[[], None]) -> None:
        self._calls.put(function)

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Go round until the condition is true."""
        wait_until(lambda: condition() or self._turn(), within=60, what="the loop", every=0)

    def _turn(self) -> bool:
        self._door.advance()
        for key, _ in self._selector.select(0.01):
            key.data()
        with suppress(Empty):
            self._calls.get_nowait()()
        return False
