"""The envelope of all errors."""

from marshmallow import fields

from lumira.schemas.base import ResponseSchema


class ErrorEnvelope(ResponseSchema):
    """An error: `code` for programs, `message` for people."""

    error = fields.String(
        required=True, metadata={"description": "The HTTP status in words.", "example": "Not Found"}
    )
    code = fields.String(
        required=True,
        metadata={"description": "Stable: a code never changes its meaning.", "example": "PRODUCT_NOT_FOUND"},
    )
    message = fields.String(required=True, metadata={"example": "This product is not on sale."})
    request_id = fields.String(required=True, metadata={"example": "0b9c2f8e6c0d4f63a0c7d1b6c1f0a9e2"})
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        data_key="fields",
        metadata={"description": "For invalid requests: the messages of each invalid field."},
    )
