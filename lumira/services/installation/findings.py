"""What a diagnosis found: one finding for each thing that was checked."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    #: Sales go on, but something is missing, or will fail.
    WARNING = "warning"
    #: Something does not work.
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: what was found, and how to mend it."""

    level: Level
    #: What was checked, such as `database` or `webhook endpoint`.
    subject: str
    message: str
    #: What the operator does; `None` if nothing is to be done.
    remedy: str | None = None
    #: The slug of the tenant; `None` for the installation.
    tenant: str | None = None
    #: Hosts, paths and the errors of services: for the operator of the installation, not for the owners of its shops.
    detail: str | None = None


def ok(subject: str, message: str, *, tenant: str | None = None, detail: str | None = None) -> Finding:
    """A finding that needs nothing."""
    return Finding(Level.OK, subject, message, tenant=tenant, detail=detail)


def warning(
    subject: str, message: str, remedy: str, *, tenant: str | None = None, detail: str | None = None
) -> Finding:
    """A finding that does not stop sales."""
    return Finding(Level.WARNING, subject, message, remedy, tenant, detail)


def fault(
    subject: str, message: str, remedy: str, *, tenant: str | None = None, detail: str | None = None
) -> Finding:
    """A finding that something does not work."""
    return Finding(Level.FAULT, subject, message, remedy, tenant, detail)
