"""The command that repairs what an order waits for."""

from lumira.domain.waiting import Repair, Waiting

_COMMANDS = {
    Repair.ASK_STRIPE: "flask orders poll {number}",
    Repair.REPLAY_EVENT: "flask events replay {subject}",
    Repair.RELEASE: "flask orders release {number}",
    Repair.REFUND: "flask orders refund {number}",
    Repair.RESEND: "flask outbox retry {subject}",
    Repair.SET_ADDRESS: "flask orders address {number} EMAIL",
    Repair.RESTORE_ACCESS: "flask access restore EMAIL {subject}",
    Repair.DECIDE_WITHDRAWAL: "flask withdrawals accept {number}",
    Repair.CANCEL: "flask orders cancel {number}",
    Repair.CHANGE_KEY: "flask tenants stripe SLUG --secret-key -",
}


def command_for(waiting: Waiting, order_number: str) -> str | None:
    """Return the command that repairs it; `None` if nothing has to be done here."""
    command = _COMMANDS.get(waiting.repair) if waiting.repair else None
    return command and command.format(number=order_number, subject=waiting.subject or "")
