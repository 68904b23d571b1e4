"""Third parties: Dolibarr's customers. Each function raises the errors of `lumira.clients.dolibarr.errors`."""

import threading
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cachetools import TTLCache

from lumira.clients.dolibarr import replies, searches, transport, values
from lumira.clients.dolibarr.installation import find_country_id
from lumira.clients.dolibarr.records import (
    EXTRA_FIELD,
    Category,
    DolibarrAccount,
    ThirdParty,
    ThirdPartyFields,
)

_PATH = "/thirdparties"
_CUSTOMER, _CLOSED = 1, 0
#: Another number is refused with Dolibarr's default numbering.
_NEXT_CODE = "auto"
#: By Dolibarr and code: the lookup is made once, so that a change is one call.
_country_ids: TTLCache[tuple[str, str], int] = TTLCache(maxsize=10_000, ttl=24 * 3600)
_guard = threading.Lock()


def find_third_party(account: DolibarrAccount, third_party_id: int) -> ThirdParty | None:
    """Return a third party, or `None`: it was deleted, or merged into another one."""
    found = transport.find(account, "find_third_party", f"{_PATH}/{third_party_id}")
    return None if found is None else replies.read(lambda: replies.third_party(found))


def find_third_party_by_lumira_id(account: DolibarrAccount, lumira_id: str) -> ThirdParty | None:
    """Return the third party with this id of ours, or `None`."""
    found = searches.by_lumira_id(account, "find_third_party_by_lumira_id", _PATH, lumira_id)
    return None if found is None else replies.read(lambda: replies.third_party(found))


def find_third_parties_by_email(account: DolibarrAccount, email: str, *, limit: int = 3) -> list[ThirdParty]:
    """Return the third parties with this address, in any case: it is not unique in Dolibarr.

    None for an address with characters that Dolibarr cannot search for, such as parentheses and quotes.
    """
    return _read(searches.by_email(account, "find_third_parties_by_email", _PATH, email, limit=limit))


def list_third_parties(
    account: DolibarrAccount,
    *,
    modified_since: datetime | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[ThirdParty]:
    """Return the next third parties by id after `after_id`, of which the first page begins with 0.

    `modified_since` is naive, in the local time of Dolibarr's database server, which it does not return: overlap.
    """
    found = searches.page(
        account,
        "list_third_parties",
        _PATH,
        modified_since=modified_since,
        after_id=after_id,
        limit=limit,
    )
    return _read(found)


def list_third_party_ids(account: DolibarrAccount, *, after_id: int = 0, limit: int = 500) -> list[int]:
    """Return the next ids after `after_id`, in order."""
    found = searches.ids(account, "list_third_party_ids", _PATH, after_id=after_id, limit=limit)
    return replies.read(lambda: [values.to_id(record["id"]) for record in found])


def create_third_party(account: DolibarrAccount, fields: ThirdPartyFields, *, lumira_id: str) -> int:
    """Create a customer and return its id. Raises `DolibarrDuplicate` if there is one with this id of ours."""
    body = {
        **_sent(fields),
        "client": _CUSTOMER,
        "code_client": _NEXT_CODE,
        "ref_ext": lumira_id,
        "array_options": {f"options_{EXTRA_FIELD}": lumira_id},
    }
    return replies.created_id(transport.post(account, "create_third_party", _PATH, body))


def update_third_party(account: DolibarrAccount, third_party_id: int, **changes: str | None) -> None:
    """Change these of the `ThirdPartyFields`; `None` clears one.

    A change to the same values does not move the modification time. A country that Dolibarr does not know is left out.
    """
    unknown = changes.keys() - asdict(ThirdPartyFields(name="")).keys()
    if unknown or not changes.get("name", "unchanged"):
        raise ValueError("fields of ThirdPartyFields, and a name")
    body: dict[str, object] = {name: value or "" for name, value in changes.items()}
    if "country_code" in body:
        body |= _country(account, str(body.pop("country_code")))
    transport.put(account, "update_third_party", f"{_PATH}/{third_party_id}", body)


def _country(account: DolibarrAccount, code: str) -> dict[str, object]:
    """Return a changed country: by its id, because only a create is known to read the code."""
    if not code:
        return {"country_id": 0}
    known = (account.url, code)
    with _guard:
        number = _country_ids.get(known)
    if number is None:
        number = find_country_id(account, code)
        if number is None:
            return {}
        with _guard:
            _country_ids[known] = number
    return {"country_id": number}


def attach_third_party(account: DolibarrAccount, third_party_id: int, *, lumira_id: str) -> None:
    """Give an existing third party our id. Raises `DolibarrDuplicate` if another one has it."""
    body = {"ref_ext": lumira_id, "array_options": {f"options_{EXTRA_FIELD}": lumira_id}}
    transport.put(account, "attach_third_party", f"{_PATH}/{third_party_id}", body)


def close_third_party(account: DolibarrAccount, third_party_id: int) -> None:
    """Close a third party: its documents stay."""
    transport.put(account, "close_third_party", f"{_PATH}/{third_party_id}", {"status": _CLOSED})


def list_customer_categories(account: DolibarrAccount) -> list[Category]:
    """Return the categories of customers."""
    found = transport.get_list(
        account, "list_customer_categories", "/categories", {"type": "customer", "limit": 0}
    )
    return replies.read(
        lambda: [Category(values.to_id(row["id"]), values.to_text(row["label"]) or "") for row in found]
    )


def create_customer_category(account: DolibarrAccount, label: str) -> int:
    """Create a category of customers and return its id. Raises `DolibarrDuplicate` if there is one with this label."""
    body = {"label": label, "type": "customer"}
    return replies.created_id(transport.post(account, "create_customer_category", "/categories", body))


def add_to_category(account: DolibarrAccount, third_party_id: int, category_id: int) -> None:
    """Put a customer into a category; without effect if it is in it."""
    path = f"{_PATH}/{third_party_id}/categories/{category_id}"
    transport.put(account, "add_to_category", path, {})


def _sent(fields: ThirdPartyFields) -> dict[str, object]:
    return {name: value for name, value in asdict(fields).items() if value is not None}


def _read(found: list[dict[str, Any]]) -> list[ThirdParty]:
    return replies.read(lambda: [replies.third_party(record) for record in found])
