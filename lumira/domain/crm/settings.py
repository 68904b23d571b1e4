"""The settings of a connection to Dolibarr, as operators and catalog files write them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from lumira.models import LostDisputePolicy

_API = "/api/index.php"
#: Dolibarr's ids are 32-bit numbers in its database.
LARGEST_ID = 2**31 - 1
_HIGHEST_RATE = 100


@dataclass(frozen=True, slots=True)
class CrmSettings:
    """What a connection has besides its key; the fields have the names of its columns, but for the last one."""

    url: str
    entity: int | None = None
    bank_account_id: int | None = None
    payment_type_id: int | None = None
    category_id: int | None = None
    #: In percent, by product.
    vat_rates: Mapping[str, str] = field(default_factory=dict)
    lost_disputes: LostDisputePolicy = LostDisputePolicy.CREDIT_NOTE
    #: Whether sales in test mode are written too, as to a Dolibarr for trials.
    takes_test_sales: bool = False


def stored_url(entered: str) -> str:
    """Return the URL as it is stored: of Dolibarr itself, without a final slash, whatever of it was copied."""
    url = entered.strip().rstrip("/")
    for ending in (f"{_API}/explorer", _API, "/api", "/index.php"):
        if url.lower().endswith(ending):
            return url[: -len(ending)].rstrip("/")
    return url


def read_id(text: str) -> int | None:
    """Return an id of Dolibarr's, `None` for an empty text. Raises `ValueError`."""
    text = text.strip()
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,10}", text) or not 0 < int(text) <= LARGEST_ID:
        raise ValueError(text)
    return int(text)


def read_rate(text: str) -> str:
    """Return a VAT rate in percent with two decimals, such as `5.50`; 0 is a rate too. Raises `ValueError`."""
    try:
        rate = Decimal(text.strip().removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(text) from None
    if not rate.is_finite() or not 0 <= rate < _HIGHEST_RATE or rate != round(rate, 2):
        raise ValueError(text)
    return f"{rate:.2f}"


def read_rates(text: str) -> dict[str, str]:
    """Return VAT rates by product from lines such as `tea 5.5`. Raises `ValueError` with the line that is none."""
    rates: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        parts = re.fullmatch(r"(\S+?)\s*[\s=:]\s*([0-9.,]+\s*%?)", line)
        if parts is None or parts[1] in rates:
            raise ValueError(line)
        try:
            rates[parts[1]] = read_rate(parts[2])
        except ValueError:
            raise ValueError(line) from None
    return rates


def written_rates(rates: Mapping[str, str]) -> str:
    """Return VAT rates as `read_rates` reads them."""
    return "\n".join(f"{product_id} {rate}" for product_id, rate in sorted(rates.items()))
