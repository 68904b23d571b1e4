"""Stripe's limits on values: amounts, currencies, texts, metadata."""

import re
from typing import Any
from urllib.parse import urlsplit

from lumira.sandbox.errors import InvalidRequestError

#: Eight digits, as Stripe documents for every currency but rupiah.
MAX_AMOUNT = 99_999_999
#: Twelve digits.
_MAX_AMOUNTS = {"idr": 999_999_999_999}

#: Smallest charge in minor units where the account settles in that currency.
MINIMUM_AMOUNTS = {
    "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50,
    "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300,
    "sgd": 50, "thb": 1000, "usd": 50, "zar": 50,
}  # fmt: skip

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_OTHER = frozenset((
    "afn", "all", "amd", "ang", "aoa", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd", "bob",
    "bsd", "bwp", "byn", "bzd", "cdf", "cny", "crc", "cve", "dop", "dzd", "egp", "etb", "fjd", "fkp",
    "gel", "gip", "gmd", "gtq", "gyd", "hnl", "htg", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt",
    "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk",
    "mzn", "nad", "ngn", "nio", "npr", "pab", "pen", "pgk", "pkr", "qar", "rsd", "sar", "sbd", "scr",
    "shp", "sle", "sos", "srd", "std", "szl", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx",
    "uyu", "uzs", "wst", "xcd", "yer", "zmw",
))  # fmt: skip
CURRENCIES = frozenset(MINIMUM_AMOUNTS) | ZERO_DECIMAL | THREE_DECIMAL | _OTHER

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "$", "aud": "$"}
_EMAIL = re.compile(r"^[^@\s<>,;\"\\]+@[^@\s<>,;\"\\.]+(\.[^@\s<>,;\"\\.]+)+$")
_MAX_METADATA_KEYS = 50
_MAX_METADATA_KEY_LENGTH = 40
_MAX_METADATA_VALUE_LENGTH = 500
_MAX_DESCRIPTOR_LENGTH = 22
_MAX_EMAIL_LENGTH = 512
_MAX_DESCRIPTION_LENGTH = 1000
_MAX_TEXT_LENGTH = 5000
_FORBIDDEN_IN_DESCRIPTOR = frozenset("<>\\'\"*")
DESCRIPTOR_WITH_CARD = (
    "The `statement_descriptor` parameter is not supported for the payment_method_type `card`. To continue "
    "supporting payment_method_type `card`, please pass in `statement_descriptor_suffix` or remove the "
    "`statement_descriptor` parameter altogether."
)


def check_currency(currency: str) -> str:
    """Return the currency in lower case; raises ``InvalidRequestError`` if Stripe does not support it."""
    if currency.lower() not in CURRENCIES:
        raise InvalidRequestError(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: "
            + ", ".join(sorted(CURRENCIES)),
            param="currency",
        )
    return currency.lower()


def max_amount(currency: str) -> int:
    """Return the largest charge in minor units."""
    return _MAX_AMOUNTS.get(currency.lower(), MAX_AMOUNT)


def check_amount(amount: int, currency: str) -> None:
    """Raise ``InvalidRequestError`` for an amount (minor units) that cannot be charged in this currency."""
    if amount < 1:
        raise InvalidRequestError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    minimum = MINIMUM_AMOUNTS.get(currency, 1)
    if amount < minimum:
        raise InvalidRequestError(
            f"Amount must be at least {format_limit(minimum, currency)}",
            code="amount_too_small",
            param="amount",
        )
    maximum = max_amount(currency)
    if amount > maximum:
        raise InvalidRequestError(
            f"Amount must be no more than {format_limit(maximum, currency)}",
            code="amount_too_large",
            param="amount",
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise InvalidRequestError(
            f"Invalid amount: the last digit must be 0 for {currency}.",
            code="invalid_charge_amount",
            param="amount",
        )


def format_money(amount: int, currency: str) -> str:
    """Format an amount in minor units as in Stripe's messages, such as ``€14.00``."""
    return _SYMBOLS.get(currency, "") + _major(amount, currency)


def format_limit(amount: int, currency: str) -> str:
    """Format an amount in minor units as in Stripe's limit errors, such as ``€0.50 eur``."""
    return f"{format_money(amount, currency)} {currency}"


def format_price(amount: int, currency: str) -> str:
    """Format an amount in minor units as on a page for buyers, such as ``14.00 EUR``."""
    return f"{_major(amount, currency)} {currency.upper()}"


def _major(amount: int, currency: str) -> str:
    if currency in ZERO_DECIMAL:
        return f"{amount:,}"
    if currency in THREE_DECIMAL:
        return f"{amount / 1000:,.3f}"
    return f"{amount / 100:,.2f}"


def check_metadata(metadata: Any) -> None:
    """Raise ``InvalidRequestError`` for metadata above Stripe's limits; an empty string, which unsets all, is valid."""
    if not isinstance(metadata, dict):
        return
    if len(metadata) > _MAX_METADATA_KEYS:
        raise InvalidRequestError(
            f"You can have at most {_MAX_METADATA_KEYS} metadata keys, but you passed in {len(metadata)}.",
            param="metadata",
        )
    for key, value in metadata.items():
        if len(key) > _MAX_METADATA_KEY_LENGTH:
            raise InvalidRequestError(
                f"Metadata keys can have up to {_MAX_METADATA_KEY_LENGTH} characters, but you passed in a key "
                f"that is {len(key)} characters. Invalid key: {key}",
                param="metadata",
            )
        if len(value) > _MAX_METADATA_VALUE_LENGTH:
            raise InvalidRequestError(
                f"Metadata values can have up to {_MAX_METADATA_VALUE_LENGTH} characters, but you passed in a "
                f"value that is {len(value)} characters. Invalid value: {value}",
                param=f"metadata[{key}]",
            )


def merged_metadata(current: dict[str, str], sent: Any) -> dict[str, str]:
    """Return the metadata after an update: an empty value unsets its key, an empty string unsets all keys."""
    if sent is None:
        return current
    if sent == "":
        return {}
    merged = {key: value for key, value in {**current, **sent}.items() if value != ""}
    check_metadata(merged)
    return merged


def check_email(email: Any, param: str = "email") -> None:
    """Raise ``InvalidRequestError`` for a malformed e-mail address; none at all is valid."""
    if not email:
        return
    if len(email) > _MAX_EMAIL_LENGTH or _EMAIL.match(email) is None:
        raise invalid_email(email, param)


def invalid_email(email: str, param: str) -> InvalidRequestError:
    """Return the error for an e-mail address that Stripe does not accept."""
    return InvalidRequestError(f"Invalid email address: {email}", code="email_invalid", param=param)


def check_description(
    text: Any, param: str = "description", max_length: int = _MAX_DESCRIPTION_LENGTH
) -> None:
    """Raise ``InvalidRequestError`` for a text longer than ``longest`` characters."""
    if text and len(text) > max_length:
        raise InvalidRequestError(
            f"Invalid string: {text[:20]}...{text[-4:]}; must be at most {max_length} characters",
            param=param,
        )


def check_texts(params: dict[str, Any], *names: str) -> None:
    """Raise ``InvalidRequestError`` if one of these texts is above the general limit."""
    for name in names:
        check_description(params.get(name), name, _MAX_TEXT_LENGTH)


def check_descriptor_suffix(suffix: str | None) -> None:
    """Raise ``InvalidRequestError`` for a statement descriptor suffix that card networks do not accept."""
    if not suffix:
        return
    param = "statement_descriptor_suffix"
    if len(suffix) > _MAX_DESCRIPTOR_LENGTH:
        raise InvalidRequestError(
            "The statement descriptor suffix must be at most 22 characters.",
            code="parameter_invalid",
            param=param,
        )
    if _FORBIDDEN_IN_DESCRIPTOR & set(suffix):
        raise InvalidRequestError(
            "The statement descriptor suffix cannot contain the characters < > \\ ' \" *.",
            code="parameter_invalid",
            param=param,
        )
    if not suffix.isascii() or not any(character.isalpha() for character in suffix):
        raise InvalidRequestError(
            "The statement descriptor suffix must contain at least one letter, in Latin characters only.",
            code="parameter_invalid",
            param=param,
        )


def check_url(url: str, param: str = "url") -> None:
    """Raise ``InvalidRequestError`` for a URL without an HTTP scheme and a host."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidRequestError(
            "Not a valid URL"
            if "://" in url
            else "Invalid URL: An explicit scheme (such as https) must be provided.",
            code="url_invalid",
            param=param,
        )
