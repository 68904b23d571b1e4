"""Check a connection to Dolibarr: whether it answers, what its key may do, and what is missing there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from threading import BoundedSemaphore

from lumira.clients import dolibarr
from lumira.clients.dolibarr import (
    DolibarrAccount,
    DolibarrError,
    DolibarrRefused,
    Element,
    RefusalReason,
)
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.crm.findings import RIGHTS, CrmFinding, has_fault
from lumira.domain.vat_rates import default_rate, rate_of
from lumira.errors.crm import CrmBusy, CrmNotConnected
from lumira.models import CrmConnection, CrmLink, Tenant
from lumira.repositories.crm import crm_connections, crm_queue
from lumira.repositories.tenants import tenants
from lumira.services.crm.account import account_of

#: A check may take a minute: it occupies one thread of a process, and not all of them.
_slot = BoundedSemaphore(1)

#: The version that the calls were measured with. An earlier one responds differently in places, and may refuse to pay a
#: credit note out (Dolibarr's pull request 34696, merged in July 2025).
_OLDEST_TESTED = 23
_ELEMENTS = {Element.THIRD_PARTY: "third_party", Element.ORDER: "order", Element.INVOICE: "invoice"}
_READ_RIGHTS = {Element.THIRD_PARTY: "121, 262", Element.ORDER: "81", Element.INVOICE: "11"}
_CREATE_RIGHTS = {Element.THIRD_PARTY: "122", Element.ORDER: "82", Element.INVOICE: "12"}


@dataclass(frozen=True, slots=True)
class _Known:
    """What a check compares Dolibarr with."""

    tenant: Tenant
    connection: CrmConnection
    account: DolibarrAccount
    #: The third party of the customer that was linked last.
    link: CrmLink | None
    #: What Dolibarr says about its currency: the company's, or that of the bank account.
    currencies: list[str] = field(default_factory=list)


def check_connection(tenant_id: int) -> list[CrmFinding]:
    """Return what is wrong with the tenant's connection, and store it with the time of the check. Writes nothing there.

    Raises `CrmNotConnected` without a connection, and `CrmBusy` while another check is under way in this process.
    """
    if not _slot.acquire(blocking=False):
        raise CrmBusy("Another connection is being checked. Try again in a minute.")
    try:
        return _check(tenant_id)
    finally:
        _slot.release()


def _check(tenant_id: int) -> list[CrmFinding]:
    with atomic(tenant_id):
        tenant, connection = tenants.get(tenant_id), crm_connections.find(tenant_id)
        if connection is None:
            raise CrmNotConnected("Enter the URL and the API key of Dolibarr first.")
        sealed = connection.api_key_sealed
        checked_state = (connection.url, sealed, connection.updated_at)
        try:
            account = account_of(tenant, connection)
            known = _Known(tenant, connection, account, crm_queue.find_newest_third_party(tenant_id))
        except CrmNotConnected:
            known = None
    found = [CrmFinding("key_missing")] if known is None else list(_findings(known))
    with atomic(tenant_id):
        stored = crm_connections.lock(tenant_id)
        # What was changed meanwhile has not been checked.
        if stored is not None and (stored.url, stored.api_key_sealed, stored.updated_at) == checked_state:
            stored.checked_at, stored.findings = utc_now(), [finding.stored() for finding in found]
            # Where the key may read neither currency, the operator has read that it must be the shop's.
            stored.currency = None if has_fault(found) else _known_currency(known, tenant)
    return found


def _known_currency(known: _Known | None, tenant: Tenant) -> str:
    """Return Dolibarr's currency as far as it could be read, and otherwise the shop's."""
    return known.currencies[-1] if known is not None and known.currencies else tenant.currency


def _findings(known: _Known) -> Iterator[CrmFinding]:
    """Yield findings; the first that keeps Dolibarr from answering at all ends the check."""
    try:
        version = dolibarr.get_version(known.account)
        yield from _check_version(version)
        yield from _check_rights(known.account)
        yield from _check_extra_fields(known)
        yield from _check_linked(known)
        yield from _check_bank_account(known)
        yield from _check_payment_type(known)
        yield from _check_category(known)
        yield from _check_currency(known)
    except DolibarrRefused as error:
        yield CrmFinding(error.reason, {"text": str(error)})
    except DolibarrError as error:
        yield CrmFinding("unreachable", {"text": str(error)})
    yield from _check_rates(known)
    if not known.tenant.livemode and not known.tenant.crm_takes_test_sales:
        yield CrmFinding("test_mode")


def _check_version(version: str) -> Iterator[CrmFinding]:
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < _OLDEST_TESTED:
        yield CrmFinding("old_version", {"version": version[:20]})


def _check_rights(account: DolibarrAccount) -> Iterator[CrmFinding]:
    rights = dolibarr.find_rights(account)
    if rights is not None:
        for right in RIGHTS:
            if not right.is_in(rights):
                yield CrmFinding(
                    "right_missing", {"number": str(right.number), "what": f"right_{right.number}"}
                )
        return
    yield CrmFinding("rights_unreadable")
    for element, name in _ELEMENTS.items():
        if not dolibarr.may_read(account, element):
            yield CrmFinding("may_not_read", {"what": name, "number": _READ_RIGHTS[element]})
        elif not dolibarr.may_create(account, element):
            yield CrmFinding("may_not_create", {"what": name, "number": _CREATE_RIGHTS[element]})


def _check_extra_fields(known: _Known) -> Iterator[CrmFinding]:
    is_unknown = False
    for element, name in _ELEMENTS.items():
        try:
            if not dolibarr.has_extra_field(known.account, element):
                yield CrmFinding("extra_field_missing", {"what": name})
                continue
            definition = dolibarr.find_extra_field(known.account, element)
            if definition is not None and not definition.is_unique:
                yield CrmFinding("extra_field_not_unique", {"what": name})
        except DolibarrRefused as error:
            if error.reason is not RefusalReason.MISSING_RIGHT:
                raise
            is_unknown = True
    if is_unknown and known.connection.set_up_at is None:
        yield CrmFinding("uniqueness_unknown")


def _check_linked(known: _Known) -> Iterator[CrmFinding]:
    """Whether this is the Dolibarr of the documents that were written, and whether its user sees all third parties."""
    if known.link is None:
        return
    try:
        found = dolibarr.find_third_party(known.account, known.link.dolibarr_id)
    except DolibarrRefused as error:
        if error.reason is not RefusalReason.MISSING_RIGHT:
            raise
        yield CrmFinding("right_missing", {"number": "262", "what": "right_262"})
        return
    # One that was deleted or merged says nothing.
    if found is not None and found.lumira_id is not None and found.lumira_id != known.link.subject:
        yield CrmFinding("another_installation", {"id": str(known.link.dolibarr_id)})


def _check_bank_account(known: _Known) -> Iterator[CrmFinding]:
    bank_account_id = known.connection.bank_account_id
    if bank_account_id is None:
        yield CrmFinding("bank_account_missing")
        return
    try:
        found = dolibarr.find_bank_account(known.account, bank_account_id)
    except DolibarrRefused as error:
        if error.reason is not RefusalReason.MISSING_RIGHT:
            raise
        yield CrmFinding("bank_account_unreadable")
        return
    named = {"id": str(bank_account_id)}
    if found is None:
        yield CrmFinding("bank_account_unknown", named)
        return
    named["name"] = found.label or found.ref
    if not found.is_open:
        yield CrmFinding("bank_account_closed", named)
    if found.currency:
        known.currencies.append(found.currency)
    if found.currency not in ("", known.tenant.currency):
        yield CrmFinding("bank_account_currency", named | _currencies(found.currency, known.tenant))


def _check_payment_type(known: _Known) -> Iterator[CrmFinding]:
    payment_type_id = known.connection.payment_type_id
    if payment_type_id is None:
        yield CrmFinding("payment_type_missing")
    elif payment_type_id not in {each.id for each in dolibarr.list_payment_types(known.account)}:
        yield CrmFinding("payment_type_unknown", {"id": str(payment_type_id)})


def _check_category(known: _Known) -> Iterator[CrmFinding]:
    category_id = known.connection.category_id
    if category_id is None:
        return
    try:
        found = dolibarr.list_customer_categories(known.account)
    except DolibarrRefused as error:
        if error.reason is not RefusalReason.MISSING_RIGHT:
            raise
        yield CrmFinding("category_unreadable")
        return
    if category_id not in {each.id for each in found}:
        yield CrmFinding("category_unknown", {"id": str(category_id)})


def _check_currency(known: _Known) -> Iterator[CrmFinding]:
    currency = dolibarr.find_company_currency(known.account)
    if currency is not None:
        known.currencies.append(currency)
    if not known.currencies:
        yield CrmFinding("currency_unreadable", {"ours": known.tenant.currency.upper()})
    elif currency not in (None, known.tenant.currency):
        yield CrmFinding("currency_differs", _currencies(known.currencies[-1], known.tenant))


def _currencies(theirs: str, tenant: Tenant) -> dict[str, str]:
    return {"theirs": theirs.upper(), "ours": tenant.currency.upper()}


def _check_rates(known: _Known) -> Iterator[CrmFinding]:
    seller, rates = known.tenant.seller, known.connection.vat_rates
    if seller is None and not rates:
        yield CrmFinding("no_vat_rate")
    if seller is None:
        return
    ours = default_rate(seller)
    for product_id in sorted(rates):
        theirs = rate_of(product_id, rates, seller)
        if theirs != ours:
            yield CrmFinding(
                "two_vat_rates", {"product": product_id, "theirs": _shown(theirs), "ours": _shown(ours)}
            )


def _shown(rate: Decimal) -> str:
    return f"{rate.normalize():f}"
