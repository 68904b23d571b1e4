"""Stripe's limits for amounts: minimum, maximum and step, in minor units.

Source: docs.stripe.com/currencies (minimum and maximum charge amounts, special cases).

An amount counts Stripe's smallest unit of the currency: 4700 is 47.00 EUR, but 4700 JPY is 4,700 yen. A price in
yen that is multiplied by a hundred, as for euros, charges a hundred times too much, and no check can detect it.
"""

from lumira.money import THREE_DECIMAL

#: The largest charge in any currency: twelve digits, which Stripe accepts of rupiah only.
LARGEST_AMOUNT = 999_999_999_999
#: The largest charge in every other currency: eight digits.
_LARGEST_OF_OTHERS = 99_999_999

#: The minimum of the account's payout currency is the binding one, so these are advisory.
_SMALLEST_CHARGE = {
    "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50,
    "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300,
    "sgd": 50, "thb": 1000, "usd": 50, "zar": 50,
}  # fmt: skip

#: These currencies have no minor unit in use, but Stripe counts hundredths: 5 UGX is 500.
_WHOLE_IN_HUNDREDTHS = frozenset(("isk", "ugx"))


def smallest_charge(currency: str) -> int:
    """Stripe's minimum charge; 1 for a currency without a known minimum."""
    return _SMALLEST_CHARGE.get(currency, 1)


def largest_charge(currency: str) -> int:
    """Stripe's maximum charge."""
    return LARGEST_AMOUNT if currency == "idr" else _LARGEST_OF_OTHERS


def step(currency: str) -> int:
    """The number that every amount of the currency must be a multiple of."""
    if currency in THREE_DECIMAL:
        # Counted in thousandths; Stripe requires the last digit to be 0.
        return 10
    return 100 if currency in _WHOLE_IN_HUNDREDTHS else 1
