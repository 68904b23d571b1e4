"""What an operator has to decide about customers and their third parties."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from lumira.database import atomic
from lumira.domain.list_position import Position
from lumira.models import ConflictReason, ContactField, CrmConflict, CrmTask, Customer
from lumira.repositories.crm import crm_ambiguous, crm_conflicts, crm_connections, crm_linked_records
from lumira.services.crm.decide_conflict import shown_of

#: Customers of a page.
PAGE = 25
#: Customers whose third party is to be chosen, on the first page.
_MOST_AMBIGUOUS = 25


@dataclass(frozen=True, slots=True)
class Difference:
    """One value on both sides."""

    field: ContactField
    reason: ConflictReason
    ours: str | None
    theirs: str | None
    #: What the form carries, so that a decision about other values is refused.
    shown: str

    @property
    def is_takeable(self) -> bool:
        """Whether Dolibarr's value can be a customer's."""
        return self.reason is not ConflictReason.INVALID


@dataclass(frozen=True, slots=True)
class CustomerDifferences:
    """A customer with what differs, and where its third party is."""

    customer: Customer
    differences: tuple[Difference, ...]
    dolibarr_id: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A third party as Dolibarr described it when the choice was left to an operator."""

    id: int
    name: str | None = None
    town: str | None = None
    code: str | None = None

    @property
    def description(self) -> str:
        """Return what an operator recognises it by; empty if Dolibarr did not describe it."""
        return " · ".join(filter(None, (self.name, self.town, self.code)))


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A customer whose e-mail address several third parties have."""

    customer: Customer
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class DifferencesView:
    """One page of differences, the oldest first."""

    customers: tuple[CustomerDifferences, ...]
    ambiguous: tuple[Ambiguous, ...]
    next: Position | None
    #: Of Dolibarr; `None` without a connection.
    url: str | None = field(default=None)

    def url_of(self, dolibarr_id: int) -> str | None:
        """Return the page of a third party in Dolibarr."""
        return None if self.url is None else f"{self.url}/societe/card.php?socid={dolibarr_id}"


def view_differences(tenant_id: int, *, after: Position | None = None) -> DifferencesView:
    """Return a page of what waits for a decision."""
    with atomic(tenant_id):
        connection = crm_connections.find(tenant_id)
        rows = crm_conflicts.list_page(tenant_id, after=after, limit=PAGE * len(ContactField))
        grouped = [
            (customer, [conflict for conflict, _ in found])
            for customer, found in groupby(rows, key=lambda row: row[1])
        ]
        shown, rest = grouped[:PAGE], grouped[PAGE:]
        subjects = [str(customer.id) for customer, _ in shown]
        linked = crm_linked_records.list_of_customers(tenant_id, subjects)
        return DifferencesView(
            customers=tuple(
                CustomerDifferences(customer, tuple(map(_difference, found)), linked.get(str(customer.id)))
                for customer, found in shown
            ),
            ambiguous=()
            if after is not None
            else tuple(
                Ambiguous(customer, _described(task))
                for task, customer in crm_ambiguous.list_ambiguous(tenant_id, limit=_MOST_AMBIGUOUS)
            ),
            next=_next(shown) if rest else None,
            url=None if connection is None else connection.url,
        )


def list_differences(tenant_id: int) -> Iterator[DifferencesView]:
    """Yield every page of what waits for a decision."""
    page = view_differences(tenant_id)
    yield page
    while page.next is not None:
        page = view_differences(tenant_id, after=page.next)
        yield page


def view_differences_of(tenant_id: int, customer_id: UUID) -> tuple[Difference, ...]:
    """Return the values of one customer that wait for a decision."""
    with atomic(tenant_id):
        return tuple(map(_difference, crm_conflicts.list_of_customer(tenant_id, customer_id)))


def _difference(conflict: CrmConflict) -> Difference:
    return Difference(conflict.field, conflict.reason, conflict.ours, conflict.theirs, shown_of(conflict))


def _next(shown: list[tuple[Customer, list[CrmConflict]]]) -> Position:
    customer, conflicts = shown[-1]
    return Position(conflicts[-1].opened_at, customer.id)


def candidates_of(task: CrmTask) -> tuple[int, ...]:
    """Return Dolibarr's ids of the third parties among which an operator chooses."""
    return tuple(int(each) for each in task.details.get("candidates", ()))


def _described(task: CrmTask) -> tuple[Candidate, ...]:
    known = {each["id"]: Candidate(**each) for each in task.details.get("described", ())}
    return tuple(known.get(each, Candidate(each)) for each in candidates_of(task))
