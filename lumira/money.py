"""Currencies, and amounts as people write them."""

import re

#: Digits, then decimals after a point or a comma. No separator of thousands: `1,000` may mean one or a thousand.
_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]+))?")

#: Currencies without decimals (docs.stripe.com/currencies#zero-decimal).
ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905 - a list to compare by eye
)
#: Currencies with three decimals.
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def decimals(currency: str) -> int:
    """Return the number of decimals of a currency at Stripe: 2 for `eur`, 0 for `jpy`."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_amount(amount: int, currency: str) -> str:
    """Format an amount in minor units: 4700 `eur` is `47.00 EUR`, 4700 `jpy` is `4700 JPY`."""
    places = decimals(currency)
    if places == 0:
        return f"{amount} {currency.upper()}"
    whole, rest = divmod(abs(amount), 10**places)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:0{places}d} {currency.upper()}"


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units of an amount as people write it: `10`, `10,00` and `10.00 EUR` are 1000 `eur`.

    Raises `ValueError` with what is wrong: another currency, too many decimals, a separator of thousands.
    """
    number, _, code = text.replace("\u00a0", " ").strip().partition(" ")
    if code and code.strip().lower() != currency:
        raise ValueError(f"{text!r} is not an amount in {currency.upper()}")
    match = _AMOUNT.fullmatch(number)
    places = decimals(currency)
    if match is None or (match[2] is not None and len(match[2]) != places):
        raise ValueError(f"{text!r} is not an amount: write {format_amount(10 ** (places + 1), currency)}")
    whole, rest = int(match[1]), int(match[2] or 0)
    unit: int = 10**places
    return whole * unit + rest
