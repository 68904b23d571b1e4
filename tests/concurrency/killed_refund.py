"""One step of a refund in a process of its own, killed with SIGKILL at one of its commits.

`step_process` calls `run` in that process.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from lumira import create_app
from lumira.domain.commands import RefundCommand, WithdrawalCommand
from lumira.link_tokens import WithdrawalAddress
from lumira.models import WithdrawalDecision
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.services.refunds.request_refund import request_refund
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.withdraw import withdraw_as_guest
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
        case "withdraw":
            requested_at = datetime.fromisoformat(instructions["requested_at"])
            address = WithdrawalAddress(tenant_id, UUID(instructions["order"]), requested_at)
            withdraw_as_guest(address, WithdrawalCommand({UUID(instructions["line"]): 1}))
        case "accept":
            decide(tenant_id, UUID(instructions["order"]), WithdrawalDecision.ACCEPTED, actor="operator")
        case "send":
            send_due_refunds(tenant_id)


def run(instructions: dict[str, Any]) -> int:
    """Run a step; return how many commits it made, if it was not killed."""
    app = create_app(_settings(instructions), serves_http=False)
    with app.app_context():
        commits = _Commits(instructions.get("die_at"), instructions.get("when"))
        _step(instructions)
    return commits.count
