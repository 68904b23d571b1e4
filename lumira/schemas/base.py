"""The base of all schemas: camelCase on the wire, unknown fields refused, a stable code for each error."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema
from marshmallow.fields import Field, List, Nested

#: The code of an invalid field without a code of its own.
INVALID_REQUEST = "INVALID_REQUEST"
#: Marshmallow's key for errors of the whole object.
_WHOLE = "_schema"


def camel_case(name: str) -> str:
    """The name on the wire: `customerEmail` for `customer_email`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class WireSchema(Schema):
    """A schema whose fields are in snake_case in Python and in camelCase on the wire."""

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = camel_case(field_name)


class RequestSchema(WireSchema):
    """A request. A field may declare the code of its errors in `metadata["code"]`.

    In `metadata["missing_code"]` it may declare that of a value that is missing, null or empty.
    """

    class Meta:
        unknown = RAISE

    @classmethod
    def codes(cls) -> set[str]:
        """Every code that an invalid request may have."""
        return {INVALID_REQUEST}.union(*(_codes_of(field) for field in cls().fields.values()))

    def code_of(self, messages: Mapping[str, object]) -> str:
        """The code of the reply: that of the first declared field that is invalid."""
        for field in self.fields.values():
            if field.data_key is not None and field.data_key in messages:
                return _code_of(field, messages[field.data_key])
        return INVALID_REQUEST

    def in_order(self, messages: Mapping[str, object]) -> dict[str, list[str]]:
        """The messages by wire name: declared fields first, in their order, then unknown fields."""
        declared = [field.data_key for field in self.fields.values() if field.data_key in messages]
        others = sorted(name for name in messages if name not in declared)
        return {
            _shown(name): list(_sentences(messages[name]))
            for name in [*declared, *others]
            if name is not None
        }


class ResponseSchema(WireSchema):
    """A response."""


def _codes_of(field: Field[Any]) -> set[str]:
    codes = {code for name in ("code", "missing_code") if (code := field.metadata.get(name)) is not None}
    item = field.inner if isinstance(field, List) else field
    if isinstance(item, Nested) and isinstance(item.schema, RequestSchema):
        codes |= item.schema.codes()
    return codes


def _code_of(field: Field[Any], messages: object) -> str:
    code: str = field.metadata.get("code", INVALID_REQUEST)
    missing = {field.error_messages.get(reason) for reason in ("required", "null", "empty")}
    return field.metadata.get("missing_code", code) if set(_sentences(messages)) <= missing else code


def _shown(name: str) -> str:
    if name == _WHOLE:
        return "body"
    # The caller's own text is repeated, but never in full length.
    return name if len(name) <= 64 else f"{name[:64]}…"  # noqa: PLR2004 - longer than every declared name


def _sentences(messages: object) -> list[str]:
    """Marshmallow's nested messages as a flat list; those about an item of a list begin with its place."""
    if isinstance(messages, Mapping):
        return [
            f"Item {name + 1}: {sentence}" if isinstance(name, int) else _about(name, sentence)
            for name, inner in messages.items()
            for sentence in _sentences(inner)
        ]
    if isinstance(messages, list):
        return [sentence for inner in messages for sentence in _sentences(inner)]
    return [str(messages)]


def _about(name: object, sentence: str) -> str:
    return sentence if name == _WHOLE else f"{_shown(str(name))}: {sentence}"
