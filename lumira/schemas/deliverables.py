"""Deliverables: the work that is made for one buyer, its state and files."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import Timestamp

STATES = ("to_do", "in_progress", "delivered")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """An uploaded file: its name and content."""

    file_name: str
    stream: Any


class FilePart(fields.Raw):
    """A file in a multipart form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"schema": {"type": "string", "format": "binary"}}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> UploadedFile:
        if not value.filename:
            raise ValidationError("Must be a file with a file name.")
        return UploadedFile(value.filename, value.stream)


class UploadFileRequest(RequestSchema):
    """A form with one part, the file."""

    file = FilePart(required=True)

    @post_load
    def to_file(self, data: dict[str, Any], **_options: Any) -> UploadedFile:
        file: UploadedFile = data["file"]
        return file


class ChangeDeliverableRequest(RequestSchema):
    """The new state of a deliverable; `delivered` is final and notifies the buyer."""

    state = fields.String(required=True, validate=validate.OneOf(STATES))

    @post_load
    def to_state(self, data: dict[str, Any], **_options: Any) -> str:
        state: str = data["state"]
        return state


class FileResponse(ResponseSchema):
    """A stored file; its name as the buyer sees it."""

    id = fields.UUID(required=True)
    file_name = fields.String(required=True)
    content_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True)


class FileUploadedResponse(FileResponse):
    """An uploaded file and the state of its deliverable."""

    deliverable_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class _DeliverableResponse(ResponseSchema):
    """The fields that all replies about a deliverable share."""

    id = fields.UUID(required=True)
    product_id = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "The deliverable's key in the catalog."})
    title = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class DeliverableChangedResponse(_DeliverableResponse):
    """A deliverable and its state."""

    delivered_at = fields.String(required=True, allow_none=True, metadata={"schema": {"format": "date-time"}})


class DeliverableResponse(_DeliverableResponse):
    """A deliverable with its state and files."""

    delivered_at = Timestamp(required=True, allow_none=True)
    withdrawn = fields.Boolean(
        required=True,
        metadata={"description": "True if the order is refunded or disputed: no work is due."},
    )
    files = fields.List(fields.Nested(FileResponse), required=True)


class DeliverablesResponse(ResponseSchema):
    """The deliverables of an order, in the order of its lines; empty before it is fulfilled."""

    deliverables = fields.List(fields.Nested(DeliverableResponse), required=True)
