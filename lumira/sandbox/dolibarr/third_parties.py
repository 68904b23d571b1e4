"""Third parties, their categories, and the contacts of companies."""

from typing import Any

from lumira.sandbox.dolibarr import countries, extra, lists
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import ApiError, DuplicateEntry
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import clean, fitting, integer, strings

KIND = "societe"
_LENGTHS = {"name": 128, "email": 128, "phone": 30, "zip": 25, "town": 50, "address": 255, "ref_ext": 255}
_COLUMN_OF = {"name": "nom"}
COLUMNS = {
    "rowid": "id", "nom": "name", "email": "email", "phone": "phone", "zip": "zip", "town": "town",
    "address": "address", "ref_ext": "ref_ext", "client": "client", "code_client": "code_client",
    "status": "status", "fk_pays": "country_id", "datec": "datec", "tms": "tms",
}  # fmt: skip
_NUMBERS = ("client", "status", "country_id", "fournisseur")
#: Keys that Dolibarr returns as null, so that no reader takes a key for a value.
_NULLS = (
    "ref", "import_key", "tms", "note_public", "fax", "url", "barcode", "parent", "idprof1", "tva_intra",
    "capital", "typent_id", "effectif_id", "forme_juridique_code", "remise_percent", "mode_reglement_id",
    "default_lang", "commercial_id", "code_compta_client", "logo", "phone_mobile", "state_id", "region_id",
)  # fmt: skip


def show(row: Row) -> dict[str, Any]:
    """Return a third party as the API returns it."""
    shown = strings({name: row.get(name) for name in (*_LENGTHS, *_NUMBERS, "id", "code_client")})
    return {
        **dict.fromkeys(_NULLS),
        **shown,
        "entity": "1",
        "country_code": countries.code_of(row.get("country_id")) or "",
        "array_options": extra.shown(row),
        "date_creation": row["datec"],
        "date_modification": extra.modified_at(row),
    }


def list_all(call: Call) -> Any:
    call.require(121)
    rows = call.transaction.list(KIND) if call.user.has(262) else []
    return lists.reply(
        call,
        rows,
        show,
        columns=COLUMNS,
        extra_fields=call.installation.extra_fields(KIND),
        empty="Third parties not found",
    )


def find(call: Call, number: int, *, locked: bool = False) -> Row:
    """Return a third party that the user sees; raises 403 and 404."""
    row = call.transaction.lock(KIND, number) if locked else call.transaction.get(KIND, number)
    if row is None:
        raise ApiError(404, "Thirdparty not found")
    call.require(262)
    return row


def get(call: Call, number: str) -> Any:
    call.require(121)
    return show(find(call, int(number)))


def get_by_email(call: Call, email: str) -> Any:
    """Two matches give an object whose every field is null."""
    call.require(121)
    found = [row for row in call.transaction.list(KIND) if (row["email"] or "").lower() == email.lower()]
    if not found:
        raise ApiError(404, "Thirdparty not found")
    return show(found[0]) if len(found) == 1 else dict.fromkeys(show(found[0]))


def post(call: Call) -> Any:
    call.require(122)
    call.require_field("name")
    now = call.now()
    row: Row = {"datec": now, "tms": now, "client": 0, "status": 1, "fournisseur": 0, "country_id": None}
    row |= dict.fromkeys(_LENGTHS)
    _write(call, row)
    if not row["name"]:
        raise ApiError(500, "Error creating thirdparty", "ErrorFieldRequired", "ThirdPartyName")
    _check_email(call, row)
    wanted = call.body.get("code_client")
    if wanted not in (None, "", "auto", "-1", -1):
        raise ApiError(500, "Error creating thirdparty", "ErrorBadCustomerCodeSyntax")
    row["code_client"] = _next_code(call) if wanted in ("auto", "-1", -1) else None
    row["id"] = call.transaction.insert(KIND, row)
    if row["code_client"]:
        _enter_code(call, row)
    extra.write(call, KIND, KIND, row)
    call.transaction.put(KIND, row)
    call.trigger("COMPANY_CREATE", {**show(row), "id": row["id"], "ref": None})
    return row["id"]


def _next_code(call: Call) -> str:
    month = countries.month_of(call.now())
    used = [row["code_client"] for row in call.transaction.list(KIND) if row.get("code_client")]
    numbers = [int(code.rpartition("-")[2]) for code in used if code.startswith(f"CU{month}-")]
    return f"CU{month}-{max(numbers, default=0) + 1:05}"


def _enter_code(call: Call, row: Row) -> None:
    try:
        call.transaction.claim("uk_societe_code_client", row["code_client"], (KIND, row["id"]))
    except DuplicateEntry:
        # Another request took the number in the meantime.
        raise ApiError(500, "Error creating thirdparty", "Duplicate value in a unique field") from None


def _write(call: Call, row: Row) -> None:
    for name, size in _LENGTHS.items():
        if name in call.body:
            row[name] = fitting(_COLUMN_OF.get(name, name), clean(call.body[name]), size)
    for name in _NUMBERS:
        if name in call.body:
            row[name] = integer(call.body[name]) or (None if name == "country_id" else 0)
    code = call.body.get("country_code")
    # Measured for a create only; a change is taken to keep the country that was read.
    if code and "id" not in row and not call.is_old:
        row["country_id"] = countries.id_of(str(code))


def _check_email(call: Call, row: Row) -> None:
    if not call.settings["email_unique"] or not row["email"]:
        return
    others = [other for other in call.transaction.list(KIND) if other["id"] != row.get("id")]
    if any((other["email"] or "").lower() == row["email"].lower() for other in others):
        raise ApiError(
            500,
            "Error creating thirdparty",
            f"Email {row['email']} is already assigned to another third party",
        )


def put(call: Call, number: str) -> Any:
    call.require(122)
    row = find(call, int(number), locked=True)
    if call.settings["blocks_changes"]:
        raise ApiError(500)
    before = dict(row)
    _write(call, row)
    if not row["name"]:
        raise ApiError(500)
    _check_email(call, row)
    if row != before:
        row["tms"] = call.now()
    has_extra_changed = extra.write(call, KIND, KIND, row)
    if row != before or has_extra_changed:
        call.transaction.put(KIND, row)
    call.trigger("COMPANY_MODIFY", show(row))
    return show(row)


def delete(call: Call, number: str) -> Any:
    call.require(125)
    row = find(call, int(number), locked=True)
    documents = [*call.transaction.list("commande"), *call.transaction.list("facture")]
    if any(document["socid"] == row["id"] for document in documents):
        raise ApiError(409, "Can't delete, that product is probably used")
    _remove(call, row)
    return {"success": {"code": 200, "message": "Object deleted"}}


def _remove(call: Call, row: Row) -> None:
    call.transaction.delete(KIND, row["id"])
    label = f"Third party {row['name']} deleted"
    call.transaction.insert("event", {"code": "AC_COMPANY_DELETE", "label": label, "datep": call.now()})
    call.trigger("COMPANY_DELETE", show(row))


def merge(call: Call, keep: str, gone: str) -> Any:
    """The documents of one third party become those of the other, and it disappears."""
    call.require(122)
    kept, lost = find(call, int(keep), locked=True), find(call, int(gone), locked=True)
    if kept["id"] == lost["id"]:
        raise ApiError(400, "Try to merge a thirdparty into itself")
    for name in (*_LENGTHS, *_NUMBERS):
        kept[name] = kept.get(name) or lost.get(name)
    for kind in ("commande", "facture", "socpeople"):
        for document in call.transaction.list(kind):
            if document["socid"] == lost["id"]:
                call.transaction.put(kind, {**document, "socid": kept["id"], "tms": call.now()})
    _remove(call, lost)
    if call.settings["merge_copies_extra_fields"] and not kept.get("extra"):
        call.body["array_options"] = extra.shown(lost)
        extra.write(call, KIND, KIND, kept)
    kept["tms"] = call.now()
    call.transaction.put(KIND, kept)
    call.trigger("COMPANY_MODIFY", show(kept))
    return show(kept)


ROUTES = (
    Route("GET", "thirdparties", list_all, "societe"),
    Route("POST", "thirdparties", post, "societe"),
    Route("GET", "thirdparties/email/{text}", get_by_email, "societe"),
    Route("GET", "thirdparties/{id}", get, "societe"),
    Route("PUT", "thirdparties/{id}", put, "societe"),
    Route("DELETE", "thirdparties/{id}", delete, "societe"),
    Route("PUT", "thirdparties/{id}/merge/{id}", merge, "societe"),
)
