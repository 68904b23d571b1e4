"""Create in Dolibarr what a connection needs, with the key of an administrator that is used once and stored nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from lumira.clients import dolibarr
from lumira.clients.dolibarr import (
    BankAccount,
    DolibarrAccount,
    DolibarrDuplicate,
    DolibarrUnknownResult,
    Element,
    ExtraField,
)
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.crm import CrmNotConnected
from lumira.models import CrmConnection
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_connections
from lumira.repositories.tenants import tenants
from lumira.services.crm.account import account_with

#: The name of what is created in Dolibarr.
_NAME = "Stripe"
_REF = "STRIPE"
#: Where a French shop's bank account is; Dolibarr requires a country.
_COUNTRY = "FR"
#: The code of payments by card in Dolibarr's dictionary; its ids differ between installations.
_CARD = "CB"


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One thing that a set-up looked at: `extra_field`, `bank_account` or `payment_type`."""

    code: str
    #: Of an extra field the element, of all else the name in Dolibarr.
    name: str
    is_created: bool
    #: What is wrong with what exists: `not_unique` or `not_found`; `None` if it is as it should be.
    problem: str | None = None


def set_up_crm(tenant_id: int, *, admin_key: str, actor: str) -> list[SetUpStep]:
    """Create the unique extra fields, a bank account and the choice of payments by card, and return what was done.

    What exists stays as it is; a second run creates nothing. Raises `CrmNotConnected` without a connection, and the
    errors of `lumira.clients.dolibarr.errors`.
    """
    with atomic(tenant_id):
        tenant, connection = tenants.get(tenant_id), crm_connections.find(tenant_id)
        if connection is None:
            raise CrmNotConnected("Enter the URL of Dolibarr first.")
        account = account_with(tenant, connection, admin_key)
    steps = [_define_extra_field(account, element) for element in Element]
    bank_step, bank_account_id = _bank_account(account, connection.bank_account_id)
    payment_step, payment_type_id = _payment_type(account, connection.payment_type_id)
    steps += [bank_step, payment_step]
    with atomic(tenant_id):
        stored = crm_connections.lock(tenant_id)
        # The choice of another operator stays; what was set up at another URL says nothing about this one.
        if stored is not None and stored.url == connection.url:
            _note(stored, steps, bank_account_id=bank_account_id, payment_type_id=payment_type_id)
        audit.record(
            tenant_id,
            actor=actor,
            action="crm_set_up",
            subject="crm",
            created=[f"{step.code}:{step.name}" for step in steps if step.is_created],
        )
    return steps


def _note(
    stored: CrmConnection, steps: list[SetUpStep], *, bank_account_id: int | None, payment_type_id: int | None
) -> None:
    if stored.bank_account_id is None:
        stored.bank_account_id = bank_account_id
    if stored.payment_type_id is None:
        stored.payment_type_id = payment_type_id
    if all(step.problem is None for step in steps if step.code == "extra_field"):
        stored.set_up_at = utc_now()
    crm_connections.forget_check(stored)


def _define_extra_field(account: DolibarrAccount, element: Element) -> SetUpStep:
    is_created = False
    definition = dolibarr.find_extra_field(account, element)
    if definition is None:
        is_created = _create(account, element)
        definition = dolibarr.find_extra_field(account, element)
    return SetUpStep("extra_field", str(element), is_created, _problem_of(definition))


def _create(account: DolibarrAccount, element: Element) -> bool:
    try:
        dolibarr.create_extra_field(account, element)
    except (DolibarrDuplicate, DolibarrUnknownResult):
        # It exists, or may: the lookup that follows says so.
        return False
    return True


def _problem_of(definition: ExtraField | None) -> str | None:
    if definition is None:
        return "not_found"
    return None if definition.is_unique else "not_unique"


def _bank_account(account: DolibarrAccount, chosen: int | None) -> tuple[SetUpStep, int | None]:
    """Find the chosen account, or one that an earlier set-up created; create it only if there is none."""
    accounts = dolibarr.list_bank_accounts(account)
    usable = list(_usable(accounts, account.currency, chosen))
    if usable:
        return SetUpStep("bank_account", usable[0].label, is_created=False), usable[0].id
    if chosen is not None:
        # The shop's own choice is not replaced without being asked.
        return SetUpStep("bank_account", str(chosen), is_created=False, problem="not_found"), None
    country_id = dolibarr.find_country_id(account, _COUNTRY) or 1
    created = dolibarr.create_bank_account(account, ref=_REF, label=_NAME, country_id=country_id)
    return SetUpStep("bank_account", _NAME, is_created=True), created


def _usable(accounts: list[BankAccount], currency: str, chosen: int | None) -> Iterator[BankAccount]:
    for each in accounts:
        is_wanted = each.ref == _REF if chosen is None else each.id == chosen
        if is_wanted and each.is_open and each.currency == currency:
            yield each


def _payment_type(account: DolibarrAccount, chosen: int | None) -> tuple[SetUpStep, int | None]:
    found = dolibarr.list_payment_types(account)
    for each in found:
        if each.id == chosen or (chosen is None and each.code == _CARD):
            return SetUpStep("payment_type", each.label, is_created=False), each.id
    return SetUpStep("payment_type", _CARD, is_created=False, problem="not_found"), None
