"""What a diagnosis found: one finding for each thing that was checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from lumira.services.installation.finding_texts import FINDINGS


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
    #: The key of its sentences in `FINDINGS`, in every language.
    code: str
    #: What the sentences name: addresses of the shop, ids of Stripe, numbers.
    values: Mapping[str, object] = field(default_factory=dict)
    #: The slug of the tenant; `None` for the installation.
    tenant: str | None = None
    #: Hosts, paths and the errors of services: for the operator of the installation, not for the owners of its shops.
    detail: str | None = None

    @property
    def message(self) -> str:
        """What was found, in English."""
        return self.fill(FINDINGS[self.code][0])

    @property
    def remedy(self) -> str | None:
        """What the operator does, in English; `None` if nothing is to be done."""
        remedy = FINDINGS[self.code][1]
        return None if remedy is None else self.fill(remedy)

    def fill(self, text: str, written: Callable[[object], object] | None = None) -> str:
        """Return a text of this code, in any language, with the values; `written` writes one, by default in English."""
        write = written or _in_english
        return text.format(
            **{"slug": self.tenant, **{name: write(value) for name, value in self.values.items()}}
        )


def _in_english(value: object) -> object:
    """Return a time in UTC, because what belongs to no tenant has no time zone; anything else as it is."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else value


def ok(
    subject: str, code: str, *, tenant: str | None = None, detail: str | None = None, **values: object
) -> Finding:
    """A finding that needs nothing."""
    return Finding(Level.OK, subject, code, values, tenant, detail)


def warning(
    subject: str, code: str, *, tenant: str | None = None, detail: str | None = None, **values: object
) -> Finding:
    """A finding that does not stop sales."""
    return Finding(Level.WARNING, subject, code, values, tenant, detail)


def fault(
    subject: str, code: str, *, tenant: str | None = None, detail: str | None = None, **values: object
) -> Finding:
    """A finding that something does not work."""
    return Finding(Level.FAULT, subject, code, values, tenant, detail)
