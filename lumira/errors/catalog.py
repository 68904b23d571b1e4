"""Errors about products, levels, promotion codes and stock."""

from http import HTTPStatus

from lumira.errors import Conflict, InvalidRequest, LumiraError, NotFound
from lumira.errors.orders import InvalidQuantity


class InvalidPromotionTerms(InvalidRequest):
    """The terms of a promotion code are refused; `problems` has a key of `domain.promotion_terms.PROBLEMS` by field."""


class UnitsOutOfRange(InvalidQuantity):
    """Fewer than no units, or more than `largest`, would be on hand."""


class EditedInDashboard(InvalidRequest):
    """A catalog file would overwrite what an operator has changed in the dashboard; nothing was changed."""

    code = "INVALID_CATALOG"


class ProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"


class LevelNotFound(NotFound):
    code = "LEVEL_NOT_FOUND"


class PromotionNotFound(NotFound):
    """The tenant has no such promotion code."""


class PriceChanged(Conflict):
    """The catalog has another price than the buyer has seen; nothing was opened."""


class OutOfStock(Conflict):
    code = "OUT_OF_STOCK"


class CatalogError(LumiraError):
    """A catalog file cannot be applied; the message names the line or the key."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_CATALOG"


class ProductIdTaken(Conflict):
    """The tenant has another product with this id."""


class LevelNumberTaken(Conflict):
    """Another product of the tenant has this level number."""


class UnitsReserved(Conflict):
    """Fewer units would be on hand than are reserved; `reserved` is their number."""
