"""What the page of the audit log shows besides the entries themselves."""

import unicodedata
from dataclasses import dataclass

from lumira.models import AuditEntry, Language
from lumira.pages.dashboard import actors
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.audit.view_entries import AuditPage

#: Actors that the page filters by besides the team. An API key is filtered by its name in the log.
_KINDS = ("stripe", "buyer", "operator", "reconciliation", "worker")
#: Both are shown as `Lumira`: the log distinguishes them.
_AMBIGUOUS = ("reconciliation", "worker")


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """One page of the audit log as an operator sees it."""

    found: AuditPage
    language: Language

    def actor(self, actor: str) -> str:
        """Return who acted."""
        return actors.name_of(actor, self.found.operators, self.language)

    def actions(self, chosen: str) -> list[tuple[str, str]]:
        """Return the actions to choose from by their names in the alphabet's order, also the chosen one."""
        names: dict[str, str] = TEXTS[self.language]["audit"]["actions"]
        known = sorted(names.items(), key=lambda item: _letters(item[1]))
        return known if not chosen or chosen in names else [*known, (chosen, chosen)]

    def choices(self, chosen: str) -> list[tuple[str, str]]:
        """Return the actors to choose from, each with its name, also the chosen one."""
        known = [*_KINDS, *self.found.operators]
        if chosen and chosen not in known:
            known.append(chosen)
        return [(each, self._choice(each)) for each in known]

    def _choice(self, actor: str) -> str:
        name = self.actor(actor)
        is_named = actor in self.found.operators or (actor in _KINDS and actor not in _AMBIGUOUS)
        return name if is_named or name == actor else f"{name} ({actor})"

    @staticmethod
    def facts(entry: AuditEntry) -> list[tuple[str, str]]:
        """Return the details of an entry that have a value: their stored names, and text."""
        return [(name, str(value)) for name, value in entry.details.items() if value is not None]


def _letters(name: str) -> str:
    """Return what a name is sorted by: É stands beside E."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
