"""What a check of a connection to Dolibarr found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What does not keep sales from being written to Dolibarr. Everything else does.
NOTICES = frozenset(
    {
        "bank_account_unreadable",
        "category_unreadable",
        "currency_unreadable",
        "no_vat_rate",
        "old_version",
        "rights_unreadable",
        "test_mode",
        "two_vat_rates",
        "uniqueness_unknown",
    }
)


@dataclass(frozen=True, slots=True)
class CrmFinding:
    """One thing that is wrong, or that could not be checked; `code` has its sentences in `crm.texts`."""

    code: str
    #: What the sentences name: a right, a currency, an id.
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_fault(self) -> bool:
        """Whether it keeps sales from being written to Dolibarr."""
        return self.code not in NOTICES

    def stored(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {"code": self.code, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Right:
    """A right of Dolibarr's: its number there, and where it stands among the rights of a user."""

    number: int
    path: tuple[str, ...]

    def is_in(self, rights: Mapping[str, Any]) -> bool:
        """Return whether a user has it."""
        found: Any = rights
        for name in self.path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found not in (None, "", 0, "0", False)


#: The rights that the user of the connection needs.
RIGHTS = (
    Right(121, ("societe", "lire")),
    Right(122, ("societe", "creer")),
    Right(262, ("societe", "client", "voir")),
    Right(81, ("commande", "lire")),
    Right(82, ("commande", "creer")),
    Right(11, ("facture", "lire")),
    Right(12, ("facture", "creer")),
)


def read_findings(stored: Sequence[Mapping[str, Any]] | None) -> list[CrmFinding]:
    """Return the findings of the last check."""
    return [CrmFinding(each["code"], each["values"]) for each in stored or ()]


def has_fault(findings: Sequence[CrmFinding]) -> bool:
    """Whether anything keeps sales from being written to Dolibarr."""
    return any(finding.is_fault for finding in findings)
