"""Errors about customers."""

from lumira.errors import Conflict, NotFound


class CustomerNotFound(NotFound):
    code = "CUSTOMER_NOT_FOUND"


class NotErasable(Conflict):
    """The customer has an open order, refund or dispute; the message names it. Nothing was changed."""

    code = "NOT_ERASABLE"


class NotMergeable(Conflict):
    """Two customers cannot be merged: they are the same, or one of them was merged or erased before."""

    code = "NOT_MERGEABLE"
