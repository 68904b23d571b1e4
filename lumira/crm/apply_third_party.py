"""What was read of a third party, applied to its customer: in one transaction, without a call."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import structlog

from lumira.clients.dolibarr import ThirdParty
from lumira.database import atomic, retried
from lumira.domain.crm.contact import Comparison, Verdict, compare, from_dolibarr, values_of
from lumira.models import AlertKind, CrmElement, CrmLink, Customer
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_conflicts, crm_linked_records, crm_links
from lumira.repositories.customers import customers

log = structlog.get_logger()

#: The actor in the audit log.
ACTOR = "crm"


@dataclass(frozen=True, slots=True)
class LinkedThirdParty:
    """A linked third party before it is read from Dolibarr."""

    customer_id: UUID
    #: The customer's id as Dolibarr has it.
    subject: str
    dolibarr_id: int
    #: What the sides agreed on: if Lumira writes meanwhile, what was read is older, and is read again.
    agreed_hash: str | None
    synced_at: datetime | None


def find_linked(tenant_id: int, dolibarr_id: int) -> LinkedThirdParty | None:
    """Return the link of a third party; `None` if it is not linked."""
    with atomic(tenant_id):
        link = crm_links.find_by_dolibarr_id(tenant_id, CrmElement.THIRD_PARTY, dolibarr_id)
        return None if link is None else _linked(link)


def _linked(link: CrmLink) -> LinkedThirdParty:
    return LinkedThirdParty(
        link.customer_id, link.subject, link.dolibarr_id, link.agreed_hash, link.synced_at
    )


@retried
def apply_third_party(tenant_id: int, linked: LinkedThirdParty, found: ThirdParty) -> bool:
    """Give the customer what only Dolibarr changed, and open a conflict for what an operator decides.

    `False` if Lumira wrote to the third party since the link was read, so that `found` may be older: read it again.
    Nothing is enqueued for Dolibarr: it has what the customer gets.
    """
    with atomic(tenant_id):
        locked = _lock(tenant_id, linked)
        if locked is None:
            return True
        customer, link = locked
        if _linked(link) != linked:
            return False
        theirs = from_dolibarr(asdict(found.fields))
        agreed = crm_linked_records.agreed_of(link)
        compared = compare(agreed=agreed, ours=values_of(customer), theirs=theirs)
        _take(customer, [each for each in compared if each.verdict is Verdict.TAKE])
        _note_conflicts(customer, compared)
        settled = {each.field: each.theirs for each in compared if each.verdict in _SETTLED}
        crm_linked_records.agree(link, settled)
        if link.dolibarr_id != found.id:
            link.dolibarr_id, link.ref = found.id, found.code
        return True


#: After these both sides have one value.
_SETTLED = (Verdict.SAME, Verdict.TAKE)


def _lock(tenant_id: int, linked: LinkedThirdParty) -> tuple[Customer, CrmLink] | None:
    """Lock the customer and its link; `None` if there is nothing to apply.

    That is a link that has ended, an erased or merged customer, and the third party of one that was merged into it.
    """
    customer = customers.lock(tenant_id, linked.customer_id)
    if (
        customer.erased_at is not None
        or customer.merged_into_id is not None
        or linked.subject != str(customer.id)
    ):
        return None
    link = crm_linked_records.lock_by_dolibarr_id(tenant_id, CrmElement.THIRD_PARTY, linked.dolibarr_id)
    return None if link is None or link.customer_id != customer.id else (customer, link)


def _take(customer: Customer, taken: list[Comparison]) -> None:
    for each in taken:
        setattr(customer, each.field, each.theirs)
    if taken:
        fields = sorted(str(each.field) for each in taken)
        audit.record(
            customer.tenant_id,
            actor=ACTOR,
            action="customer_updated_from_crm",
            subject=f"customer:{customer.id}",
            fields=fields,
        )
        log.info("crm_customer_updated", customer_id=str(customer.id), fields=fields)


def _note_conflicts(customer: Customer, compared: list[Comparison]) -> None:
    asked = [each for each in compared if each.verdict is Verdict.ASK]
    others = [each.field for each in compared if each.verdict is not Verdict.ASK]
    for each in asked:
        assert each.reason is not None  # noqa: S101 - each `ASK` has one
        crm_conflicts.open_or_update(
            customer.tenant_id,
            customer.id,
            each.field,
            reason=each.reason,
            ours=each.ours,
            theirs=each.theirs,
        )
    crm_conflicts.remove(customer.tenant_id, customer.id, others)
    note_alert(customer.tenant_id, customer.id, is_open=bool(asked))


def note_alert(tenant_id: int, customer_id: UUID, *, is_open: bool) -> None:
    """Raise the alert about a customer's conflicts, or resolve it once there is none."""
    kind, subject = AlertKind.CRM_CONFLICT, f"customer:{customer_id}"
    if is_open:
        alerts.raise_alert(tenant_id, kind=kind, subject=subject)
    else:
        alerts.resolve(tenant_id, kind=kind, subject=subject)


@retried
def unlink(tenant_id: int, linked: LinkedThirdParty, reason: str) -> None:
    """End the link to a third party that staff deleted or merged away; the team is notified.

    The customer keeps its data. Its next order writes a third party anew.
    """
    with atomic(tenant_id):
        customer = customers.lock(tenant_id, linked.customer_id)
        link = crm_linked_records.lock_by_dolibarr_id(tenant_id, CrmElement.THIRD_PARTY, linked.dolibarr_id)
        if link is None or link.subject != linked.subject:
            return
        crm_links.unlink(link, reason)
        crm_conflicts.remove(tenant_id, customer.id)
        note_alert(tenant_id, customer.id, is_open=False)
        subject = f"customer:{customer.id}"
        audit.record(
            tenant_id,
            actor=ACTOR,
            action="crm_unlinked",
            subject=subject,
            dolibarr_id=linked.dolibarr_id,
            reason=reason,
        )
        if customer.erased_at is None and linked.subject == str(customer.id):
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.CRM_UNLINKED,
                subject=subject,
                dolibarr_id=linked.dolibarr_id,
                reason=reason,
            )
