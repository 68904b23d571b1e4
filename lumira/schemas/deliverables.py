"""What is made for one buyer: how far it is, and its files."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import Timestamp

STATES = ("to_do", "in_progress", "delivered")


@dataclass(frozen=True, slots=True)
class FileSent:
    """A file as it was sent: under its sender's name for it, and as a stream."""

    file_name: str
    stream: Any


class SentFile(fields.Raw):
    """One part of a form that is a file."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"schema": {"type": "string", "format": "binary"}}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> FileSent:
        if not value.filename:
            raise ValidationError("Must be a file, with its name.")
        return FileSent(value.filename, value.stream)


class UploadFileRequest(RequestSchema):
    """A form with one part, the file."""

    file = SentFile(required=True)

    @post_load
    def to_file(self, data: dict[str, Any], **_options: Any) -> FileSent:
        sent: FileSent = data["file"]
        return sent


class ChangeDeliverableRequest(RequestSchema):
    """How far a deliverable is from now on; `delivered` is for good, and tells the buyer."""

    state = fields.String(required=True, validate=validate.OneOf(STATES))

    @post_load
    def to_state(self, data: dict[str, Any], **_options: Any) -> str:
        state: str = data["state"]
        return state


class FileResponse(ResponseSchema):
    """A file as it is kept; its name as it is shown to the buyer."""

    id = fields.UUID(required=True)
    file_name = fields.String(required=True)
    content_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True)


class FileUploadedResponse(FileResponse):
    """A file that was uploaded, and how far its deliverable is by that."""

    deliverable_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class _DeliverableResponse(ResponseSchema):
    """What is told of a deliverable whoever asks."""

    id = fields.UUID(required=True)
    product_id = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "The catalog's own name for it."})
    title = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class DeliverableChangedResponse(_DeliverableResponse):
    """One thing that an order promises, and how far it is."""

    delivered_at = fields.String(required=True, allow_none=True, metadata={"schema": {"format": "date-time"}})


class DeliverableResponse(_DeliverableResponse):
    """One thing that an order promises, how far it is, and its files."""

    delivered_at = Timestamp(required=True, allow_none=True)
    withdrawn = fields.Boolean(
        required=True,
        metadata={"description": "True where its money went back or is disputed: nothing is made of it now."},
    )
    files = fields.List(fields.Nested(FileResponse), required=True)


class DeliverablesResponse(ResponseSchema):
    """What an order promises, in the order of its lines; empty before it is served."""

    deliverables = fields.List(fields.Nested(DeliverableResponse), required=True)
