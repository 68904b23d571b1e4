"""Units of a product as an option names them."""

import click

_MOST_DIGITS = 9


def read_units(text: str, *, option: str) -> tuple[str, int]:
    """Return the product and the units in `PRODUCT` or `PRODUCT:UNITS`; raises `BadParameter` for other text."""
    product_id, _, units = text.partition(":")
    units = units or "1"
    if (
        not product_id
        or not units.isascii()
        or not units.isdigit()
        or len(units) > _MOST_DIGITS
        or not int(units)
    ):
        raise click.BadParameter(
            f"{text!r}: write PRODUCT or PRODUCT:UNITS, one unit or more.", param_hint=option
        )
    return product_id, int(units)
