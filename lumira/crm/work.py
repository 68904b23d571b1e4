"""One task while it is done: its calls, and what is recorded of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from lumira.clients.dolibarr import DolibarrAccount
from lumira.clock import utc_now
from lumira.crm.connection import Connection
from lumira.crm.problems import RecordWaits
from lumira.crm.turn import Turn
from lumira.models import CrmTask, CrmTaskKind
from lumira.repositories.crm import crm_tasks

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

#: Longer than a server works on a call whose reply was lost: PHP ends a request after two minutes at most by default.
UNSURE_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A task, as it was when it was begun."""

    id: UUID
    version: int
    kind: CrmTaskKind
    subject: str
    customer_id: UUID
    order_id: UUID | None
    details: dict[str, Any]
    attempts: int
    was_parked: bool

    @classmethod
    def of(cls, task: CrmTask) -> "TaskRef":
        return cls(
            id=task.id,
            version=task.version,
            kind=task.kind,
            subject=task.subject,
            customer_id=task.customer_id,
            order_id=task.order_id,
            details=dict(task.details),
            attempts=task.attempts,
            was_parked=task.reason is not None,
        )


@dataclass(frozen=True, slots=True)
class Work:
    """One task, whose turn it is, and where it is written."""

    turn: Turn
    connection: Connection
    task: TaskRef

    @property
    def tenant_id(self) -> int:
        return self.turn.tenant_id

    def call(
        self,
        function: Callable[Concatenate[DolibarrAccount, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Call Dolibarr while the turn lasts."""
        self.turn.hold()
        return function(self.connection.account, *arguments, **options)

    def call_once(
        self,
        function: Callable[Concatenate[DolibarrAccount, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Call what Dolibarr would do twice, such as a payment.

        If the reply is lost, or this process is killed, the task is not begun again before the call has ended there: a
        lookup that comes earlier would not find what is written a moment later.
        """
        with self.turn.recording():
            is_current = crm_tasks.change(
                self.tenant_id, self.task.id, self.task.version, next_attempt_at=utc_now() + UNSURE_FOR
            )
        if not is_current:
            # It was made pending again meanwhile, and would be begun at once.
            raise RecordWaits
        return function(self.connection.account, *arguments, **options)
