"""The replies of Dolibarr's API that are not a success."""

from typing import Any


class ApiError(Exception):
    """An error as Dolibarr's API writes it: the details are extra keys ``"0"``, ``"1"``, … beside the message."""

    def __init__(self, status: int, message: str = "", *details: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def body(self, *, with_debug: bool) -> dict[str, Any]:
        """The body; ``debug`` stands in it unless the installation is in production mode."""
        name = _NAMES.get(self.status, "Error")
        error: dict[str, Any] = {
            "code": self.status,
            "message": f"{name}: {self.message}" if self.message else name,
        }
        error |= {str(number): detail for number, detail in enumerate(self.details)}
        if not with_debug:
            return {"error": error}
        debug = {
            "source": "api_sandbox.class.php:1 at call stage",
            "stages": {"success": ["get"], "failure": []},
        }
        return {"error": error, "debug": debug}


class NothingToDo(Exception):
    """A 304 with an empty body: the record is in this state."""


class PhpFatal(Exception):
    """PHP ended in the middle: a 500 with empty HTML."""


class NoSuchApi(Exception):
    """An unknown resource, or its module is off: a 501 as HTML."""


class DuplicateEntry(Exception):
    """A unique index of the database has the value."""

    def __init__(self, index: str, value: str) -> None:
        super().__init__(f"Duplicate entry '{value}' for key '{index}'")
        self.index = index


class DataTooLong(Exception):
    """A value does not fit into its column."""

    def __init__(self, column: str) -> None:
        super().__init__(f"Data too long for column '{column}' at row 1")


class LockWaitTimeout(Exception):
    """Another transaction held a lock for too long."""

    def __init__(self) -> None:
        super().__init__("Lock wait timeout exceeded; try restarting transaction")


DEADLOCK = "Deadlock found when trying to get lock; try restarting transaction"


class DeadlockFound(Exception):
    """Two transactions wait for each other; this one gives up."""

    def __init__(self) -> None:
        super().__init__(DEADLOCK)


_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
