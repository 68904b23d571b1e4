"""Which products a grant gives access to."""

from lumira.models import AccessGrant, ManualGrant

#: Access to one product, from an order or from an operator.
Grant = AccessGrant | ManualGrant


def covers(grant: Grant, product_id: str) -> bool:
    """Return whether a live grant gives access to this product: its own, or a level that its level included.

    What was included is frozen by product, so that renumbered levels change nothing that was bought.
    """
    return grant.product_id == product_id or product_id in grant.included_products
