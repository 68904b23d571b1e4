"""Which products and levels a grant gives access to."""

from lumira.models import AccessGrant, ManualGrant

#: Access to one product, from an order or from an operator.
Grant = AccessGrant | ManualGrant


def covers(grant: Grant, *, product_id: str | None, product_level: int | None, level: int | None) -> bool:
    """Return whether a live grant gives access to a product and to a level; `None` stands for either of them.

    `product_level` is the level number of the product, if the product is a level.
    """
    covers_product = product_id is None or grant.product_id == product_id or _includes(grant, product_level)
    return covers_product and (level is None or grant.level_number == level or _includes(grant, level))


def _includes(grant: Grant, level: int | None) -> bool:
    """Return whether the grant is for a higher level that includes this one."""
    return (
        grant.includes_lower_levels
        and level is not None
        and grant.level_number is not None
        and level < grant.level_number
    )
