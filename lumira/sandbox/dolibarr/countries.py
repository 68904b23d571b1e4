"""Countries of Dolibarr's dictionary, and its months in references."""

from datetime import UTC, datetime

_IDS = {
    "FR": 1, "BE": 2, "IT": 3, "ES": 4, "DE": 5, "CH": 6, "GB": 7, "IE": 8, "CN": 9, "TN": 10, "US": 11, "MA": 12,
    "CA": 14, "NL": 17, "SE": 20, "AT": 41, "LU": 140, "PT": 184, "RE": 187, "PL": 181, "DK": 80, "MQ": 151,
}  # fmt: skip
_CODES = {number: code for code, number in _IDS.items()}


def id_of(code: str) -> int | None:
    """Return the id of a country by its ISO code."""
    return _IDS.get(code.upper())


def code_of(number: int | None) -> str | None:
    """Return the ISO code of a country."""
    return _CODES.get(number or 0)


def month_of(seconds: int) -> str:
    """Return year and month as they stand in references, such as ``2611``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%y%m}"
