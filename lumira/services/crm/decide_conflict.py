"""An operator decides which value of a customer counts: Lumira's or Dolibarr's."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from lumira.database import atomic, retried
from lumira.domain.crm.contact import is_usable
from lumira.domain.shown_values import fingerprint_of
from lumira.errors import ChangedMeanwhile
from lumira.errors.crm import ConflictEmailTaken, ConflictInvalid
from lumira.models import AlertKind, ContactField, CrmConflict, Customer
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_conflicts, crm_linked_records, crm_tasks
from lumira.repositories.customers import customers
from lumira.repositories.orders import orders


class Choice(StrEnum):
    """Whose value counts."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided."""

    customer: Customer
    field: ContactField
    choice: Choice


def shown_of(conflict: CrmConflict) -> str:
    """Return what a form carries of the values that it showed."""
    return fingerprint_of({"ours": conflict.ours, "theirs": conflict.theirs})


@retried
def decide_conflict(
    tenant_id: int, customer_id: UUID, field: ContactField, choice: Choice, *, shown: str, actor: str
) -> Decision:
    """Give both sides the value of one of them: the customer Dolibarr's, or Dolibarr Lumira's.

    Raises `ChangedMeanwhile` if it was decided meanwhile, or other values than `shown` are stored; `ConflictInvalid` if
    Dolibarr's value cannot be a customer's; `ConflictEmailTaken` if another customer has the address.
    """
    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        conflict = next(
            (each for each in crm_conflicts.list_of_customer(tenant_id, customer_id) if each.field is field),
            None,
        )
        if conflict is None or shown_of(conflict) != shown:
            raise ChangedMeanwhile("The values have changed since the page was shown: look at them again.")
        theirs = conflict.theirs
        if choice is Choice.THEIRS:
            _take(customer, conflict)
        crm_conflicts.remove(tenant_id, customer_id, [field])
        _agree(customer, field, theirs)
        if choice is Choice.OURS:
            crm_tasks.enqueue_change(tenant_id, [customer_id])
        if not crm_conflicts.is_any_of(tenant_id, customer_id):
            alerts.resolve(
                tenant_id, kind=AlertKind.CRM_CONFLICT, subject=f"customer:{customer_id}", by=actor
            )
        audit.record(
            tenant_id,
            actor=actor,
            action="crm_conflict_decided",
            subject=f"customer:{customer_id}",
            field=str(field),
            choice=str(choice),
        )
        return Decision(customer, field, choice)


def _take(customer: Customer, conflict: CrmConflict) -> None:
    theirs = conflict.theirs
    if not is_usable(conflict.field, theirs):
        raise ConflictInvalid(
            "Dolibarr's value cannot be that of a customer: correct it there, or keep Lumira's."
        )
    if conflict.field is ContactField.EMAIL:
        assert theirs is not None  # noqa: S101 - no address is not usable
        _change_email(customer, theirs)
    else:
        setattr(customer, conflict.field, theirs)


def _change_email(customer: Customer, email: str) -> None:
    """Change the address; the former one stays known as the customer's. Orders keep the one they were placed with."""
    owner = customers.find_by_email(customer.tenant_id, email)
    if owner is not None and owner.id != customer.id:
        raise ConflictEmailTaken(
            "Another customer has this address: merge the two customers first, if they are one person."
        )
    # The usual order of locks: the customer before the orders.
    own = orders.lock_orders(customer.tenant_id, orders.ids_of_customer(customer.tenant_id, customer.id))
    customers.change_email(customer, email)
    for order in own.values():
        order.email_key = customer.email_key


def _agree(customer: Customer, field: ContactField, theirs: str | None) -> None:
    """Note that Dolibarr's value is known: what differs from it now is Lumira's change."""
    link = crm_linked_records.lock_of_customer(customer.tenant_id, str(customer.id))
    if link is not None:
        crm_linked_records.agree(link, {field: theirs})


def read_field(text: str) -> ContactField | None:
    """Return the field with this name; `None` for any other text."""
    return next((field for field in ContactField if field == text), None)


def read_choice(text: str) -> Choice | None:
    """Return the choice with this name; `None` for any other text."""
    return next((choice for choice in Choice if choice == text), None)
