"""Currencies and the formatting of amounts."""

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
