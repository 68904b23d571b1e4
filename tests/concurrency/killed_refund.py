"""One step of a refund in a process of its own, killed with SIGKILL at one of its commits.

`step_process` calls `run` in that process.
"""

from typing import Any

from lumira import create_app
from lumira.domain.commands import RefundCommand
from lumira.repositories.idempotency import Call, KeySource
from lumira.services.refunds.request_refund import request_refund
from lumira.services.refunds.send_due_refunds import send_due_refunds
from tests.concurrency.killed_process import _Commits, _settings


def _step(instructions: dict[str, Any]) -> None:
    tenant_id = instructions["tenant_id"]
    match instructions["step"]:
        case "refund":
            call = Call(
                fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=instructions["key"]
            )
            command = RefundCommand(instructions["amount"])
            request_refund(tenant_id, instructions["payment"], call=call, command=command)
        case "send":
            send_due_refunds(tenant_id)


def run(instructions: dict[str, Any]) -> int:
    """Run a step; return how many commits it made, if it was not killed."""
    app = create_app(_settings(instructions), serves_http=False)
    with app.app_context():
        commits = _Commits(instructions.get("die_at"), instructions.get("when"))
        _step(instructions)
    return commits.count
