"""Count what became of each request to open a payment."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from lumira import metrics
from lumira.errors import LumiraError
from lumira.services.idempotency.reply import Reply

_Parameters = ParamSpec("_Parameters")
_Opened = TypeVar("_Opened")
_UseCase = Callable[_Parameters, Reply[_Opened]]


def counts_payments(kind: str) -> Callable[[_UseCase[_Parameters, _Opened]], _UseCase[_Parameters, _Opened]]:
    """Count the results of a use case that opens payments: opened, replayed, or the code of the error."""

    def counting(use_case: _UseCase[_Parameters, _Opened]) -> _UseCase[_Parameters, _Opened]:
        @wraps(use_case)
        def run(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> Reply[_Opened]:
            result = "error"
            try:
                reply = use_case(*arguments, **options)
                result = "replayed" if reply.replayed else "opened"
            except LumiraError as error:
                result = error.code.lower()
                raise
            finally:
                metrics.PAYMENTS_OPENED.count(kind, result)
            return reply

        return run

    return counting
