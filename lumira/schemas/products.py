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
    group = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The group of which it is a variant; null for a product that is in none."},
    )
    options = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        allow_none=True,
        metadata={
            "description": "Its value of each option of its group, in the order of the group.",
            "example": {"size": "M", "colour": "blue"},
        },
    )
    images = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "URLs of its images, as WebP. A URL stays valid, and leads to the image that replaced it.",
            "example": ["https://pay.example.com/checkout/shop/images/mystique/0123456789abcdef-960.webp"],
        },
    )


class ProductsResponse(ResponseSchema):
    """The products on sale, in the order of the catalog."""

    products = fields.List(fields.Nested(ProductResponse), required=True)


class ProductOptionResponse(ResponseSchema):
    """One option of a group; both orders are those in which a page shows them."""

    name = fields.String(required=True, metadata={"example": "size"})
    values = fields.List(fields.String(), required=True, metadata={"example": ["S", "M", "L"]})


class ProductGroupResponse(ResponseSchema):
    """Products that differ in options. Each has its own price and stock, and is sold by its own id."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    options = fields.List(fields.Nested(ProductOptionResponse), required=True)
    products = fields.List(
        fields.Nested(ProductResponse),
        required=True,
        metadata={
            "description": "Its products on sale. A combination of options that is in none is not sold."
        },
    )


class ProductGroupsResponse(ResponseSchema):
    """The groups with a product on sale, in the order of the catalog."""

    groups = fields.List(fields.Nested(ProductGroupResponse), required=True)
