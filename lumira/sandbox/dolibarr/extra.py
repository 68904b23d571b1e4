"""Extra fields: values of a record with a row of their own, and unique indexes in the database."""

from collections.abc import Mapping
from typing import Any

from lumira.sandbox.dolibarr.call import Call
from lumira.sandbox.dolibarr.errors import ApiError
from lumira.sandbox.dolibarr.tables import Key, Row
from lumira.sandbox.dolibarr.values import clean, fitting, integer

_ADMIN_ONLY = (
    "Access to API is restricted to administrators or to users set in API_LOGINS_ALLOWED_FOR_GET_EXTRAFIELDS"
)
_ELEMENTS = ("societe", "commande", "facture", "product", "socpeople")
_PREFIX = "options_"


def write(call: Call, element: str, kind: str, row: Row) -> bool:
    """Write the extra fields of a call's body into a row that has its id; return whether they changed."""
    sent = call.body.get("array_options")
    if not isinstance(sent, Mapping) or not sent:
        return False
    before = row.get("extra")
    extra = dict(before or {})
    for name, definition in call.installation.extra_fields(element).items():
        if f"{_PREFIX}{name}" not in sent:
            continue
        value = fitting(name, clean(sent[f"{_PREFIX}{name}"]), integer(definition["size"])) or None
        if definition["unique"]:
            index = f"uk_{element}_extrafields_{name}"
            _replace(call, index, (kind, row["id"]), old=extra.get(name), new=value)
        extra[name] = value
    if extra == before:
        return False
    row["extra"] = extra
    row["ef_tms"] = call.now()
    return True


def _replace(call: Call, index: str, owner: Key, *, old: str | None, new: str | None) -> None:
    if new is not None:
        call.transaction.claim(index, new, owner)
    if old is not None and old != new:
        call.transaction.release(index, old)


def shown(row: Row) -> Any:
    """Return ``array_options``: an object, or an empty list for a record without extra fields."""
    extra = row.get("extra")
    return {f"{_PREFIX}{name}": value for name, value in extra.items()} if extra else []


def modified_at(row: Row) -> int | str:
    """Return ``date_modification``: empty for a record without a row of extra fields."""
    return max(row["tms"], row["ef_tms"]) if row.get("ef_tms") else ""


def define(call: Call, element: str, name: str) -> Any:
    """``POST setup/extrafields/{element}/{name}``"""
    call.require_admin("Access to API is restricted to administrators")
    if not call.body.get("label") or not call.body.get("type"):
        raise ApiError(500, "label or type field absent in json at root level")
    is_alias = call.body.get("elementtype") == "thirdparty"
    element = "societe" if is_alias else element
    if element not in _ELEMENTS:
        raise ApiError(500, "Error creating extra field")
    if name in call.installation.extra_fields(element):
        raise ApiError(409, "Field is already present in database")
    call.transaction.insert(
        "extrafield",
        {
            "element": element,
            "name": name,
            "label": clean(call.body["label"]),
            "type": call.body["type"],
            "size": str(call.body.get("size") or 255),
            "unique": integer(call.body.get("unique")),
        },
    )
    return -1 if is_alias else 1


def list_definitions(call: Call) -> Any:
    """``GET setup/extrafields``"""
    call.require_admin(_ADMIN_ONLY)
    wanted = {"thirdparty": "societe"}.get(call.query.get("elementtype", ""), call.query.get("elementtype"))
    found: dict[str, dict[str, Any]] = {}
    for row in call.transaction.list("extrafield"):
        if wanted in (None, "", row["element"]):
            definition = {
                "id": str(row["id"]),
                "type": row["type"],
                "label": row["label"],
                "size": row["size"],
                "elementtype": row["element"],
                "unique": str(row["unique"]),
                "required": "0",
                "list": "1",
            }
            found.setdefault(row["element"], {})[row["name"]] = definition
    return found or []
