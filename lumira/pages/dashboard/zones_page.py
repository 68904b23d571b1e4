"""The form of a shop's shipping zones: what its fields show, and the zones that they describe."""

import re
from collections.abc import Iterator
from typing import Any

from lumira.countries import COUNTRIES, as_typed, codes_by_name, name_of
from lumira.domain.goods.shipping import Zone, zones_of
from lumira.models import Language, Tenant
from lumira.money import parse_amount, plain_amount

#: The fields of one zone; each has its number behind a hyphen, such as `name-0`.
FIELDS = ("name", "countries", "amount", "free_from", "steps", "phone", "remove")
_SEPARATORS = re.compile(r"[,;\n]")
#: A line of the postage by weight, such as `1000 g: 7,90`.
_STEP = re.compile(r"(?P<grams>[0-9]{1,7}) ?g? ?[:=] ?(?P<amount>.+)", re.ASCII)


def zone_values(tenant: Tenant, language: Language, *, most: int) -> dict[str, str]:
    """Return the zones as the form shows them, and after them the empty fields of a new one, up to `most` zones."""
    values: dict[str, str] = {}
    zones = zones_of(tenant)
    for number, zone in enumerate(zones):
        values |= _named(number, _shown(zone, tenant.currency, language))
    if len(zones) < most:
        values |= _named(len(zones), dict.fromkeys(FIELDS, ""))
    return values


def rows_of(values: dict[str, str]) -> int:
    """Return the number of zones whose fields are in `values`."""
    return len({name.rpartition("-")[2] for name in values})


def read_zones(
    entered: dict[str, str], currency: str, language: Language
) -> tuple[list[dict[str, Any]], list[int], dict[str, str]]:
    """Return the zones as a catalog file has them, the number in the form of each, and what is wrong.

    The errors are keys of texts by the name of the field. A zone that is removed, or of which nothing is entered, is
    left out.
    """
    zones: list[dict[str, Any]] = []
    numbers: list[int] = []
    errors: dict[str, str] = {}
    codes = codes_by_name(COUNTRIES, language)
    for number in range(rows_of(entered)):
        row = {field: entered.get(f"{field}-{number}", "") for field in FIELDS}
        if row["remove"] or not any(row.values()):
            continue
        table, wrong = _read_zone(row, currency, codes)
        errors |= {f"{field}-{number}": field for field in wrong}
        zones.append(table)
        numbers.append(number)
    return zones, numbers, errors


def errors_of(fields: dict[str, list[str]], numbers: list[int]) -> dict[str, str]:
    """Return the key of a text for each field of the form that the rules of the catalog file refuse."""
    errors = {}
    for path in fields:
        match = re.match(r"shipping_zones\[([0-9]+)\]\.([a-z_]+)", path)
        if match is not None and match[2] in FIELDS:
            errors[f"{match[2]}-{numbers[int(match[1])]}"] = match[2]
    return errors


def _shown(zone: Zone, currency: str, language: Language) -> dict[str, str]:
    def amount(minor_units: int) -> str:
        return plain_amount(minor_units, currency, comma=language is Language.FRENCH)

    return {
        "name": zone.name,
        # In their own order: a form that is sent as it was shown changes nothing.
        "countries": ", ".join(name_of(country, language) for country in zone.countries),
        "amount": amount(zone.amount),
        "free_from": "" if zone.free_from is None else amount(zone.free_from),
        "steps": "\n".join(f"{step.heavier_than} g: {amount(step.amount)}" for step in zone.steps),
        "phone": "yes" if zone.phone else "",
        "remove": "",
    }


def _read_zone(row: dict[str, str], currency: str, codes: dict[str, str]) -> tuple[dict[str, Any], set[str]]:
    wrong: set[str] = set()
    countries = list(_countries(row["countries"], codes))
    if None in countries or not countries:
        wrong.add("countries")
    table: dict[str, Any] = {
        "name": row["name"],
        "countries": [code for code in countries if code is not None],
        "amount": _amount(row, "amount", currency, wrong),
        "phone": bool(row["phone"]),
        "steps": list(_steps(row["steps"], currency, wrong)),
    }
    if row["free_from"]:
        table["free_from"] = _amount(row, "free_from", currency, wrong)
    return table, wrong


def _countries(text: str, codes: dict[str, str]) -> Iterator[str | None]:
    """The code of each country that is named, in the page's language or by its code; `None` for one that is unknown."""
    for part in _SEPARATORS.split(text):
        name = " ".join(part.split())
        if name:
            yield name.upper() if name.upper() in COUNTRIES else codes.get(as_typed(name))


def _amount(row: dict[str, str], field: str, currency: str, wrong: set[str]) -> int:
    try:
        return parse_amount(row[field][:40], currency)
    except ValueError:
        wrong.add(field)
        return 0


def _steps(text: str, currency: str, wrong: set[str]) -> Iterator[dict[str, int]]:
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _STEP.fullmatch(line.strip())
        if match is None:
            wrong.add("steps")
            continue
        amount = _amount({"steps": match["amount"]}, "steps", currency, wrong)
        yield {"heavier_than": int(match["grams"]), "amount": amount}


def _named(number: int, values: dict[str, str]) -> dict[str, str]:
    return {f"{field}-{number}": text for field, text in values.items()}
