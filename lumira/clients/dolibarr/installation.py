"""What a connection needs in Dolibarr: version, rights, extra fields, bank account, payment type, currency.

Each function raises the errors of `lumira.clients.dolibarr.errors`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from lumira.clients.dolibarr import replies, searches, transport, values
from lumira.clients.dolibarr.errors import DolibarrDuplicate, DolibarrRefused, RefusalReason
from lumira.clients.dolibarr.records import (
    EXTRA_FIELD,
    BankAccount,
    DolibarrAccount,
    ExtraField,
    PaymentType,
)

_COUNTRY = re.compile(r"[A-Z]{2}")


class Element(StrEnum):
    """What has extra fields; the value is Dolibarr's name in their definition."""

    THIRD_PARTY = "societe"
    ORDER = "commande"
    INVOICE = "facture"

    @property
    def path(self) -> str:
        """The path of its list."""
        return _PATHS[self]


_PATHS = {
    Element.THIRD_PARTY: "/thirdparties",
    Element.ORDER: "/orders",
    Element.INVOICE: "/invoices",
}


def get_version(account: DolibarrAccount) -> str:
    """Return Dolibarr's version, such as `23.0.0`; any valid key may call it."""
    reply = transport.get(account, "get_version", "/status")
    return replies.read(lambda: values.to_text(reply["success"]["dolibarr_version"]) or "")


def find_rights(account: DolibarrAccount) -> Mapping[str, Any] | None:
    """Return the rights of the key's user as Dolibarr nests them, such as `{"societe": {"lire": 1, …}, …}`.

    `None` if the user may not read its own account, or Dolibarr leaves them out.
    """
    try:
        user = transport.get(account, "find_rights", "/users/info", {"includepermissions": 1})
    except DolibarrRefused as error:
        if error.reason is RefusalReason.MISSING_RIGHT:
            return None
        raise
    rights = user.get("rights") if isinstance(user, Mapping) else None
    return dict(rights) if isinstance(rights, Mapping) else None


def may_read(account: DolibarrAccount, element: Element) -> bool:
    """Return whether the key's user may list these.

    Without the right to see all third parties, a list of them is empty.
    """
    query = {"limit": 1, "properties": "id"}
    return _is_permitted(lambda: transport.get_list(account, "may_read", element.path, query))


def may_create(account: DolibarrAccount, element: Element) -> bool:
    """Return whether the key's user may create these: Dolibarr refuses an empty one for another reason if it may."""
    return _is_permitted(lambda: transport.post(account, "may_create", element.path, {}))


def _is_permitted(call: Any) -> bool:
    try:
        call()
    except DolibarrRefused as error:
        if error.reason is RefusalReason.MISSING_RIGHT:
            return False
        if error.reason not in (RefusalReason.MISSING_FIELD, RefusalReason.NOT_FOUND):
            raise
    return True


def has_extra_field(account: DolibarrAccount, element: Element) -> bool:
    """Return whether records have the extra field with our id; whether it is unique, `find_extra_field` says."""
    try:
        searches.by_lumira_id(account, "has_extra_field", element.path, "check")
    except DolibarrRefused as error:
        if error.reason is RefusalReason.UNKNOWN_EXTRA_FIELD:
            return False
        raise
    return True


def find_extra_field(account: DolibarrAccount, element: Element) -> ExtraField | None:
    """Return the definition of the extra field with our id, or `None`. With the key of an administrator only."""
    found = transport.find(account, "find_extra_field", "/setup/extrafields", {"elementtype": str(element)})
    of_element = (found or {}).get(element) or {}
    definition = of_element.get(EXTRA_FIELD) if isinstance(of_element, Mapping) else None
    if definition is None:
        return None
    return replies.read(
        lambda: ExtraField(
            name=EXTRA_FIELD,
            label=values.to_text(definition.get("label")) or "",
            type=values.to_text(definition.get("type")) or "",
            is_unique=values.to_bool(definition.get("unique")),
        )
    )


def create_extra_field(account: DolibarrAccount, element: Element) -> None:
    """Define the unique extra field with our id. With the key of an administrator only.

    Raises `DolibarrDuplicate` if it is defined.
    """
    body = {
        "label": "Lumira ID",
        "type": "varchar",
        "size": "64",
        "elementtype": str(element),
        "pos": 100,
        "unique": 1,
        "required": 0,
        "alwayseditable": 1,
        "list": "1",
    }
    try:
        transport.post(account, "create_extra_field", f"/setup/extrafields/{element}/{EXTRA_FIELD}", body)
    except DolibarrRefused as error:
        if error.reason is RefusalReason.IN_USE:
            raise DolibarrDuplicate(EXTRA_FIELD, str(error)) from None
        raise


def find_company_currency(account: DolibarrAccount) -> str | None:
    """Return the company's currency, ISO 4217 in lower case; `None` if the key's user is no administrator.

    The currency of the bank account is the other witness.
    """
    try:
        currency = transport.get(account, "find_company_currency", "/setup/conf/MAIN_MONNAIE")
    except DolibarrRefused as error:
        if error.reason is RefusalReason.MISSING_RIGHT:
            return None
        raise
    return (values.to_text(currency) or "").lower() or None


def list_payment_types(account: DolibarrAccount) -> list[PaymentType]:
    """Return the active payment types of Dolibarr's dictionary; their ids differ between installations."""
    path = "/setup/dictionary/payment_types"
    found = transport.get_list(account, "list_payment_types", path, {"active": 1, "limit": 100})
    return replies.read(
        lambda: [
            PaymentType(
                values.to_id(row["id"]), values.to_text(row["code"]) or "", values.to_text(row["label"]) or ""
            )
            for row in found
        ]
    )


def list_bank_accounts(account: DolibarrAccount) -> list[BankAccount]:
    """Return the bank accounts; needs the right to read them."""
    found = transport.get_list(account, "list_bank_accounts", "/bankaccounts", {"limit": 100})
    return replies.read(lambda: [_bank_account(row) for row in found])


def find_bank_account(account: DolibarrAccount, bank_account_id: int) -> BankAccount | None:
    """Return a bank account, or `None`; needs the right to read them."""
    found = transport.find(account, "find_bank_account", f"/bankaccounts/{bank_account_id}")
    return None if found is None else replies.read(lambda: _bank_account(found))


def create_bank_account(account: DolibarrAccount, *, ref: str, label: str, country_id: int) -> int:
    """Create a current account in the company's currency, and return its id."""
    body = {
        "ref": ref,
        "label": label,
        "type": 1,
        "currency_code": account.currency.upper(),
        "country_id": country_id,
        "date_solde": int(datetime.now(UTC).timestamp()),
    }
    return replies.created_id(transport.post(account, "create_bank_account", "/bankaccounts", body))


def find_country_id(account: DolibarrAccount, country_code: str) -> int | None:
    """Return Dolibarr's id of a country, by its ISO 3166 code; `None` for one that Dolibarr does not know."""
    if not _COUNTRY.fullmatch(country_code):
        return None
    path = f"/setup/dictionary/countries/byCode/{country_code}"
    found = transport.find(account, "find_country_id", path)
    return None if found is None else replies.read(lambda: values.to_id(found["id"]))


def add_bank_line(
    account: DolibarrAccount, *, bank_account_id: int, amount: int, at: datetime, label: str
) -> int:
    """Add a line such as a fee to a bank account, and return its id; negative for money out.

    Nothing keeps the same line from being added twice. Needs the right to change bank accounts.
    """
    body = {
        "date": int(at.timestamp()),
        "type": "VIR",
        "label": label,
        "amount": values.from_minor_units(amount, account.currency),
    }
    path = f"/bankaccounts/{bank_account_id}/lines"
    return replies.created_id(transport.post(account, "add_bank_line", path, body))


def _bank_account(row: values.Json) -> BankAccount:
    return BankAccount(
        id=values.to_id(row["id"]),
        ref=values.to_text(row.get("ref")) or "",
        label=values.to_text(row.get("label")) or "",
        currency=(values.to_text(row.get("currency_code")) or "").lower(),
        is_open=not values.to_bool(row.get("clos")),
    )
