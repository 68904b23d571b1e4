"""What the page of alerts shows besides the alerts themselves."""

from dataclasses import dataclass

from lumira.models import Alert, AlertKind, Language
from lumira.pages.dashboard import actors
from lumira.services.tenants.view_alerts import AlertPage

#: The kinds that the page filters by.
KINDS = tuple(AlertKind)


def kind_of(text: str) -> AlertKind | None:
    """Return the kind with this name; `None` for all kinds, also for an unknown name."""
    return AlertKind(text) if text in KINDS else None


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """One page of alerts as an operator sees it."""

    found: AlertPage
    language: Language

    def actor(self, actor: str) -> str:
        """Return who acknowledged or resolved an alert."""
        return actors.name_of(actor, self.found.operators, self.language)

    @staticmethod
    def facts(alert: Alert) -> list[tuple[str, str]]:
        """Return the details of an alert that have a value: their stored names, and text."""
        return [(name, str(value)) for name, value in alert.details.items() if value is not None]
