"""One step of a refund in a process of its own, killed with SIGKILL at one of its commits.

Called as `python -m tests.concurrency.killed_refund`; otherwise as `killed_process`.
"""

import json
import sys
from typing import Any

from lumira import create_app
from lumira.domain.commands import RefundCommand
from lumira.repositories.idempotency import Call, KeyKind
from lumira.services.refunds.request_refund import request_refund
from lumira.services.refunds.send_due_refunds import send_due_refunds
from tests.concurrency.killed_process import _Commits, _settings


def _step(instructions: dict[str, Any]) -> None:
    tenant_id = instructions["tenant_id"]
    match instructions["step"]:
        case "refund":
            call = Call(fingerprint="f", actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=instructions["key"])
            command = RefundCommand(instructions["amount"])
            request_refund(tenant_id, instructions["payment"], call=call, command=command)
        case "send":
            send_due_refunds(tenant_id)


def main() -> None:
    instructions = json.load(sys.stdin)
    app = create_app(_settings(instructions))
    with app.app_context():
        commits = _Commits(instructions.get("die_at"), instructions.get("when"))
        _step(instructions)
    sys.stdout.write(f"\n{commits.count}\n")


if __name__ == "__main__":
    main()
