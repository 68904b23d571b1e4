"""Why a record is not written now."""

from typing import Any

from lumira.domain.crm.reasons import CrmReason


class RecordParked(Exception):
    """One record cannot be written until an operator does something about it; `details` are stored with its task."""

    def __init__(self, reason: CrmReason, text: str | None = None, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.details = details


class RecordWaits(Exception):
    """One record needs another one that is still to be written."""


class ConnectionStopped(Exception):
    """Nothing can be written to this CRM now."""

    def __init__(self, reason: CrmReason, text: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text


class TurnLost(Exception):
    """The lease has ended, and another process writes to this CRM: this one writes nothing more."""
