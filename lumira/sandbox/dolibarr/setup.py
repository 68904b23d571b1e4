"""Version, users and their rights, dictionaries, and the constants of the set-up."""

from typing import Any

from lumira.sandbox.dolibarr import countries, extra
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import ApiError
from lumira.sandbox.dolibarr.installation import RIGHTS

#: Id, code and label; the ids differ between installations.
PAYMENT_TYPES = (
    (2, "VIR", "Credit Transfer"),
    (3, "PRE", "Direct debit payment order"),
    (4, "LIQ", "Cash"),
    (6, "CB", "Credit card"),
    (7, "CHQ", "Cheque"),
)
_RATES = {1: ("20", "10", "5.5", "2.1", "0"), 2: ("21", "6", "0"), 5: ("19.0", "7.0", "0")}


def status(call: Call) -> Any:
    version = call.settings["version"]
    return {"success": {"code": 200, "dolibarr_version": version, "access_locked": "0"}}


def user_info(call: Call) -> Any:
    if not call.user.has(252):
        raise ApiError(403, "Not allowed")
    shown = {"id": str(call.user.id), "login": call.user.login, "admin": "1" if call.user.is_admin else "0"}
    if call.query.get("includepermissions") not in ("1", "true"):
        return shown
    rights: dict[str, Any] = {}
    for number, names in RIGHTS.items():
        if call.user.has(number):
            level = rights
            for name in names[:-1]:
                level = level.setdefault(name, {})
            level[names[-1]] = 1
    return {**shown, "rights": rights}


def payment_types(_: Call) -> Any:
    rows = []
    for number, code, label in PAYMENT_TYPES:
        rows.append({"id": str(number), "code": code, "type": "2", "label": label, "module": None})
    return rows


def country_by_code(_: Call, code: str) -> Any:
    number = countries.id_of(code)
    if number is None:
        raise ApiError(404, "country not found")
    return {
        "id": str(number),
        "code": code.upper(),
        "code_iso": "",
        "active": "1",
        "label": countries.name_of(code),
    }


def vat_rates(call: Call) -> Any:
    number = int(call.query.get("fk_country", "0") or 0)
    return [
        {"rowid": str(i), "taux": rate, "active": "1"} for i, rate in enumerate(_RATES.get(number, ()), 1)
    ]


def constant(call: Call, name: str) -> Any:
    call.require_admin(
        "Error API open to admin users only or to the users with logins defined into constant "
        "API_LOGINS_ALLOWED_FOR_CONST_READ"
    )
    known = {"MAIN_MONNAIE": call.settings["currency"], "MAIN_INFO_SOCIETE_NOM": "Example"}
    if name not in known:
        raise ApiError(400, "Error Bad or unknown value for constantname")
    return known[name]


def company(call: Call) -> Any:
    call.require_admin("Error API open to admin users only")
    return {"name": "Example", "country_code": "FR", "country_id": "1", "email": None}


def modules(call: Call) -> Any:
    call.require_admin("Error API open to admin users only")
    all_modules = {route.module for route in ROUTES} | {
        "societe",
        "commande",
        "facture",
        "banque",
        "categorie",
    }
    return sorted(all_modules - {"", *call.settings["modules_off"]})


def webhook(_: Call) -> Any:
    """The module declares no rights, so nobody has them."""
    raise ApiError(403)


ROUTES = (
    Route("GET", "status", status, ""),
    Route("GET", "users/info", user_info, ""),
    Route("GET", "setup/dictionary/payment_types", payment_types, ""),
    Route("GET", "setup/dictionary/countries/byCode/{text}", country_by_code, ""),
    Route("GET", "setup/dictionary/vat", vat_rates, ""),
    Route("GET", "setup/conf/{text}", constant, ""),
    Route("GET", "setup/company", company, ""),
    Route("GET", "setup/modules", modules, ""),
    Route("GET", "setup/extrafields", extra.list_definitions, ""),
    Route("POST", "setup/extrafields/{text}/{text}", extra.define, ""),
    Route("GET", "webhook", webhook, "webhook"),
    Route("POST", "webhook", webhook, "webhook"),
)
