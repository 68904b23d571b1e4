"""The page of the set-up: findings, the worst first, each with the button that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass

from lumira.services.installation.findings import Finding, Level

#: The action below the page's path that mends what is wrong with a subject.
_ACTIONS = {
    "webhook endpoint": "stripe",
    "deliveries": "stripe",
    "domains": "stripe",
    "mail server": "test-email",
}
_ORDER = (Level.FAULT, Level.WARNING, Level.OK)


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with the key of its subject among the texts; `action` is `None` if no button mends it."""

    finding: Finding
    subject: str
    action: str | None


def shown_findings(findings: Iterable[Finding]) -> list[ShownFinding]:
    """Return the findings, faults first; the mail server can always be tried. The page shows no `detail`."""
    shown = [
        ShownFinding(finding, finding.subject.lower().replace(" ", "_"), _action_for(finding))
        for finding in findings
    ]
    return sorted(shown, key=lambda each: _ORDER.index(each.finding.level))


def _action_for(finding: Finding) -> str | None:
    action = _ACTIONS.get(finding.subject)
    is_mended_by_it = finding.level is not Level.OK or action == "test-email"
    return action if is_mended_by_it else None
