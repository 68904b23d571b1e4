"""Errors about shipments and returns."""

from lumira.errors import Conflict, InvalidRequest, NotFound


class InvalidTracking(InvalidRequest):
    """The number or the link of a parcel cannot be one; `fields` names it."""

    code = "INVALID_TRACKING"


class NotShippable(Conflict):
    """Nothing of the order is to be shipped, less than was named, or the shipment cannot be changed so."""

    code = "NOT_SHIPPABLE"


class NotReturnable(Conflict):
    """Fewer units of the order were shipped than were named."""

    code = "NOT_RETURNABLE"


class ParcelsChanged(Conflict):
    """The order has other shipments or returns than those that the operator has seen."""


class ShipmentNotFound(NotFound):
    """The order has no such shipment."""
