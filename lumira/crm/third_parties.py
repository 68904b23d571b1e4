"""A customer's third party: found, attached or created, and kept the same on both sides.

A lookup comes before each creation; the unique extra field makes the second of two creations fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrDuplicate, ThirdParty, ThirdPartyFields
from lumira.crm.problems import RecordParked
from lumira.crm.work import Work
from lumira.domain.crm import contact as crm_contact
from lumira.domain.crm.contact import DOLIBARR_NAMES, LONGEST, Verdict
from lumira.domain.crm.reasons import CrmReason
from lumira.models import ContactField, CrmElement, CrmTaskKind, Customer
from lumira.repositories.crm import crm_links
from lumira.repositories.customers import customers

#: Third parties with one address that are looked at: shops of one Dolibarr share them.
_WITH_ADDRESS = 20
#: An erased customer's name, as far as the law does not keep it on invoices.
_ERASED = "Client effacé"

Values = Mapping[ContactField, str | None]


@dataclass(frozen=True, slots=True)
class _Buyer:
    """A customer as it is now, and the third party that it was linked to last."""

    id: UUID
    values: Values
    is_erased: bool
    merged_into: UUID | None
    linked_id: int | None
    agreed: Values | None
    has_invoice: bool

    @property
    def lumira_id(self) -> str:
        return str(self.id)


def write_customer(work: Work) -> None:
    """Make the third party of the task's customer what the customer is now."""
    buyer = _load(work, UUID(work.task.subject))
    if buyer is None:
        return
    if buyer.merged_into is not None:
        _follow_merge(work, buyer, buyer.merged_into)
    elif buyer.is_erased:
        _close_erased(work, buyer)
    else:
        _ensure(work, buyer)


def ensure_third_party(work: Work) -> int:
    """Return the id of the third party of the task's customer in Dolibarr, which is created if it has none."""
    buyer = _load(work, work.task.customer_id)
    while buyer is not None and buyer.merged_into is not None:
        buyer = _load(work, buyer.merged_into)
    if buyer is None:
        raise RecordParked(CrmReason.NOT_FOUND)
    return _ensure(work, buyer)


def _load(work: Work, customer_id: UUID) -> _Buyer | None:
    with work.turn.recording():
        customer = customers.find_by_reference(work.tenant_id, str(customer_id))
        if customer is None:
            return None
        link = crm_links.find(work.tenant_id, CrmElement.THIRD_PARTY, str(customer.id))
        return _Buyer(
            id=customer.id,
            values=_values_of(customer),
            is_erased=customer.erased_at is not None,
            merged_into=customer.merged_into_id,
            linked_id=None if link is None else link.dolibarr_id,
            agreed=None if link is None or link.agreed is None else _fields(link.agreed),
            has_invoice=crm_links.has_invoice(work.tenant_id, customer.id),
        )


def _values_of(customer: Customer) -> Values:
    if customer.erased_at is not None:
        return dict.fromkeys(ContactField)
    return crm_contact.values_of(customer)


def _fields(stored: Mapping[str, str | None]) -> Values:
    return {field: stored.get(field) for field in ContactField}


def _ensure(work: Work, buyer: _Buyer) -> int:
    found = _find(work, buyer)
    if found is not None:
        if not buyer.is_erased:
            _exchange(work, buyer, found, buyer.agreed)
        return found.id
    attachable = _find_attachable(work, buyer)
    if attachable is not None:
        return _attach(work, buyer, attachable)
    return _create(work, buyer)


def _find(work: Work, buyer: _Buyer) -> ThirdParty | None:
    """Return the customer's third party by the link or by its id of ours; a link to another one is ended."""
    if buyer.linked_id is not None:
        linked = work.call(dolibarr.find_third_party, buyer.linked_id)
        if linked is not None and linked.lumira_id == buyer.lumira_id:
            return linked
        _unlink(work, buyer, "deleted" if linked is None else "moved")
    found = work.call(dolibarr.find_third_party_by_lumira_id, buyer.lumira_id)
    if found is not None and work.connection.category_id is not None and buyer.linked_id is None:
        # It was created by an attempt that did not come further.
        work.call(dolibarr.add_to_category, found.id, work.connection.category_id)
    return found


def _unlink(work: Work, buyer: _Buyer, reason: str) -> None:
    with work.turn.recording():
        link = crm_links.find(work.tenant_id, CrmElement.THIRD_PARTY, buyer.lumira_id)
        if link is not None:
            crm_links.unlink(link, reason)


def _find_attachable(work: Work, buyer: _Buyer) -> ThirdParty | None:
    """Return the one third party with the customer's address that is no other customer's; `None` if there is none.

    An operator chooses among several.
    """
    chosen = work.task.details.get("chosen") if work.task.subject == buyer.lumira_id else None
    if chosen == 0:
        return None
    if chosen is not None:
        found = work.call(dolibarr.find_third_party, int(chosen))
        if found is not None and found.lumira_id is None:
            return found
    email = buyer.values[ContactField.EMAIL]
    if email is None:
        return None
    matches = work.call(dolibarr.find_third_parties_by_email, email, limit=_WITH_ADDRESS)
    free = [each for each in matches if each.lumira_id is None]
    if len(free) > 1:
        raise RecordParked(
            CrmReason.SEVERAL_THIRD_PARTIES,
            candidates=[each.id for each in free],
            # Only the customer's own task is erased with the customer, whatever a worker does meanwhile.
            described=[_described(each) for each in free] if work.task.kind is CrmTaskKind.CUSTOMER else [],
            chosen=None,
        )
    return free[0] if free else None


def _described(found: ThirdParty) -> dict[str, str | int | None]:
    """Return what an operator recognises a third party by."""
    return {"id": found.id, "name": found.fields.name, "town": found.fields.town, "code": found.code}


def _attach(work: Work, buyer: _Buyer, found: ThirdParty) -> int:
    try:
        work.call(dolibarr.attach_third_party, found.id, lumira_id=buyer.lumira_id)
    except DolibarrDuplicate:
        own = work.call(dolibarr.find_third_party_by_lumira_id, buyer.lumira_id)
        if own is None:
            raise
        found = own
    # What staff wrote stands: it comes back as a change of theirs.
    _exchange(work, buyer, found, buyer.values)
    return found.id


def _create(work: Work, buyer: _Buyer) -> int:
    sent = _sent(buyer.values)
    name = sent.pop("name", None) or _name_of(buyer)
    fields = ThirdPartyFields(name=name, **sent)
    try:
        created_id = work.call(dolibarr.create_third_party, fields, lumira_id=buyer.lumira_id)
    except DolibarrDuplicate:
        own = work.call(dolibarr.find_third_party_by_lumira_id, buyer.lumira_id)
        if own is None:
            raise
        created_id = own.id
    if work.connection.category_id is not None:
        work.call(dolibarr.add_to_category, created_id, work.connection.category_id)
    found = work.call(dolibarr.find_third_party, created_id)
    if found is None:
        raise RecordParked(CrmReason.NOT_FOUND)
    if buyer.is_erased:
        work.call(dolibarr.close_third_party, created_id)
        _link(work, buyer, found, None)
    else:
        _exchange(work, buyer, found, crm_contact.from_dolibarr(_their_fields(found)))
    return created_id


def _name_of(buyer: _Buyer) -> str:
    if buyer.is_erased:
        return f"{_ERASED} {buyer.lumira_id[-8:]}"
    return buyer.values[ContactField.EMAIL] or f"Client {buyer.lumira_id[-8:]}"


def _exchange(work: Work, buyer: _Buyer, found: ThirdParty, agreed: Values | None) -> None:
    """Send what changed only here. What changed there, or on both sides, is left to the way in."""
    theirs = crm_contact.from_dolibarr(_their_fields(found))
    compared = crm_contact.compare(agreed=agreed, ours=buyer.values, theirs=theirs)
    changed = {
        each.field: each.ours
        for each in compared
        if each.verdict is Verdict.SEND and not (each.field is ContactField.NAME and each.ours is None)
    }
    if changed:
        _update(work, found, _sent(changed, keep_empty=True))
    base = agreed or {}
    result = {
        each.field: each.ours
        if each.verdict is Verdict.SAME or each.field in changed
        else base.get(each.field)
        for each in compared
    }
    _link(work, buyer, found, result)


def _link(work: Work, buyer: _Buyer, found: ThirdParty, agreed: Values | None) -> None:
    with work.turn.recording():
        customer = customers.find_by_reference(work.tenant_id, buyer.lumira_id)
        link = crm_links.link(
            work.tenant_id,
            CrmElement.THIRD_PARTY,
            buyer.lumira_id,
            found.id,
            customer_id=buyer.id if customer is None else customer.merged_into_id or customer.id,
            ref=found.code,
        )
        # A buyer who is erased meanwhile is not remembered here.
        if agreed is not None and customer is not None and customer.erased_at is None:
            crm_links.agree(link, {str(field): value for field, value in agreed.items()})


def _follow_merge(work: Work, source: _Buyer, target_id: UUID) -> None:
    """Give a merged customer's third party to the other customer, or close it if that one has its own."""
    own = _find(work, source)
    if own is None:
        return
    target = _load(work, target_id)
    while target is not None and target.merged_into is not None:
        target = _load(work, target.merged_into)
    if target is None:
        return
    is_given = False
    if _find(work, target) is None:
        try:
            work.call(dolibarr.attach_third_party, own.id, lumira_id=target.lumira_id)
            is_given = True
        except DolibarrDuplicate:
            pass
    if is_given:
        _link(work, target, own, crm_contact.from_dolibarr(_their_fields(own)))
    else:
        work.call(dolibarr.close_third_party, own.id)
        _unlink(work, source, "merged")


def _close_erased(work: Work, buyer: _Buyer) -> None:
    """Close the third party, and remove how the buyer was reached; the name stays where an invoice needs it."""
    found = _find(work, buyer)
    if found is None:
        return
    removed: dict[str, str | None] = {"email": None, "phone": None}
    if not buyer.has_invoice:
        removed |= {"name": _name_of(buyer), "address": None, "zip": None, "town": None}
    _update(work, found, removed)
    work.call(dolibarr.close_third_party, found.id)
    _link(work, buyer, found, None)


def _update(work: Work, found: ThirdParty, changes: Mapping[str, str | None]) -> None:
    work.call(lambda account: dolibarr.update_third_party(account, found.id, **changes))


def _their_fields(found: ThirdParty) -> dict[str, str | None]:
    return {name: getattr(found.fields, name) for name in DOLIBARR_NAMES.values()}


def _sent(values: Values, *, keep_empty: bool = False) -> dict[str, str | None]:
    """Return values by Dolibarr's names, cut to what its columns hold; a longer address is none."""
    cut = {
        field: value if value is None or len(value) <= LONGEST[field] else _cut(field, value)
        for field, value in values.items()
    }
    sent = crm_contact.to_dolibarr(cut)
    return sent if keep_empty else {name: value for name, value in sent.items() if value is not None}


def _cut(field: ContactField, value: str) -> str | None:
    return None if field is ContactField.EMAIL else value[: LONGEST[field]]
