"""The connections that wait for their next request."""

from collections import OrderedDict
from collections.abc import Iterator

from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]


class KeptConnections:
    """Gunicorn's queue of them, from which any one is removed at once: among thousands, a queue would be searched."""

    def __init__(self) -> None:
        self._conns: OrderedDict[TConn, None] = OrderedDict()

    def append(self, conn: TConn) -> None:
        self._conns[conn] = None

    def remove(self, conn: TConn) -> None:
        del self._conns[conn]

    def popleft(self) -> TConn:
        return self._conns.popitem(last=False)[0]

    def __getitem__(self, position: int) -> TConn:
        """Return the connection that has waited longest; Gunicorn asks for no other one."""
        if position != 0 or not self._conns:
            raise IndexError(position)
        return next(iter(self._conns))

    def __contains__(self, conn: object) -> bool:
        return conn in self._conns

    def __iter__(self) -> Iterator[TConn]:
        return iter(self._conns)

    def __len__(self) -> int:
        return len(self._conns)
