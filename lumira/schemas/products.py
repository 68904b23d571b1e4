"""The catalog, and the configuration of Stripe.js."""

from marshmallow import fields, validate

from lumira.schemas.base import ResponseSchema

PRODUCT_KINDS = ("level", "digital", "physical")


class ShopConfigResponse(ResponseSchema):
    """The publishable Stripe key and the currency, for Stripe.js."""

    publishable_key = fields.String(required=True, metadata={"example": "pk_live_51…"})
    currency = fields.String(required=True, metadata={"example": "eur"})


class LevelResponse(ResponseSchema):
    """One level; `amount` in minor units."""

    level = fields.Integer(required=True)
    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class LevelsResponse(ResponseSchema):
    """The levels on sale, by number."""

    levels = fields.List(fields.Nested(LevelResponse), required=True)


class ProductResponse(ResponseSchema):
    """One product on sale; `amount` in minor units."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(PRODUCT_KINDS))
    level = fields.Integer(required=True, allow_none=True)
    in_stock = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Units that can be bought now; null for a product without stock."},
    )


class ProductsResponse(ResponseSchema):
    """The products on sale, in the order of the catalog."""

    products = fields.List(fields.Nested(ProductResponse), required=True)
