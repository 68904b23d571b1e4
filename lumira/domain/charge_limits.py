"""How small, how large and how fine an amount may be at Stripe, in minor units.

Source: docs.stripe.com/currencies (minimum and maximum charge amounts, special cases).

An amount counts the smallest unit that Stripe knows: 4700 is 47.00 EUR, but 4700 JPY is 4,700 yen. Whoever
multiplies a price in yen by a hundred, as for euros, charges a hundred times too much, and no check here can
see it: the number itself is a legal one.
"""

from lumira.money import THREE_DECIMAL

#: Eight digits, in every currency.
LARGEST_AMOUNT = 99_999_999

#: Advisory: what binds is the minimum of the currency that the account is paid out in.
_SMALLEST_CHARGE = {
    "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50,
    "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300,
    "sgd": 50, "thb": 1000, "usd": 50, "zar": 50,
}  # fmt: skip

#: No minor unit is in use any more, and yet Stripe counts hundredths: 5 UGX is 500.
_WHOLE_IN_HUNDREDTHS = frozenset(("isk", "ugx"))


def smallest_charge(currency: str) -> int:
    """The least that Stripe charges; 1 where no minimum is known."""
    return _SMALLEST_CHARGE.get(currency, 1)


def step(currency: str) -> int:
    """What every amount of the currency is a multiple of."""
    if currency in THREE_DECIMAL:
        # Counted in thousandths, of which Stripe wants the last digit to be 0.
        return 10
    return 100 if currency in _WHOLE_IN_HUNDREDTHS else 1
