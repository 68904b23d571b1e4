"""Countries of Dolibarr's dictionary, and its months in references."""

from datetime import UTC, datetime

from babel import Locale

#: Ids of Dolibarr's own dictionary; further countries get one of theirs.
_KNOWN = {
    "FR": 1, "BE": 2, "IT": 3, "ES": 4, "DE": 5, "CH": 6, "GB": 7, "IE": 8, "CN": 9, "TN": 10, "US": 11, "MA": 12,
    "CA": 14, "NL": 17, "SE": 20, "DK": 80, "AT": 41, "LU": 140, "PT": 184, "PL": 181,
}  # fmt: skip
_NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ"}
_FIRST_FURTHER = 1001
_NAMES = {str(code): str(name) for code, name in Locale("en").territories.items()}
_FURTHER = sorted(
    code for code in _NAMES if code.isalpha() and code not in _KNOWN and code not in _NO_COUNTRIES
)
_IDS = _KNOWN | {code: number for number, code in enumerate(_FURTHER, _FIRST_FURTHER)}
_CODES = {number: code for code, number in _IDS.items()}


def id_of(code: str) -> int | None:
    """Return the id of a country by its ISO code."""
    return _IDS.get(code.upper())


def code_of(number: int | None) -> str | None:
    """Return the ISO code of a country."""
    return _CODES.get(number or 0)


def name_of(code: str) -> str:
    """Return the English name of a country."""
    return _NAMES[code.upper()]


def month_of(seconds: int) -> str:
    """Return year and month as they stand in references, such as ``2611``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%y%m}"
