"""What every schema shares: camelCase on the wire, unknown fields refused, a stable code for each mistake."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema
from marshmallow.fields import Field

#: The code of a mistake in a field that names none of its own.
INVALID_REQUEST = "INVALID_REQUEST"
#: Where marshmallow puts what is wrong with the whole and not with a field.
_WHOLE = "_schema"


def camel_case(name: str) -> str:
    """`customer_email` as it stands on the wire: `customerEmail`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class WireSchema(Schema):
    """A schema whose fields are written in snake_case here and in camelCase on the wire."""

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = camel_case(field_name)


class RequestSchema(WireSchema):
    """What a caller sends. A field may carry the contract's code for its mistakes in `metadata["code"]`."""

    class Meta:
        unknown = RAISE

    def code_of(self, messages: Mapping[str, object]) -> str:
        """The one code of a reply about several mistakes: that of the field which is declared first."""
        for field in self.fields.values():
            if field.data_key in messages:
                code: str = field.metadata.get("code", INVALID_REQUEST)
                return code
        return INVALID_REQUEST

    def in_order(self, messages: Mapping[str, object]) -> dict[str, list[str]]:
        """What is wrong, by wire name: declared fields first and in their order, then unknown ones."""
        declared = [field.data_key for field in self.fields.values() if field.data_key in messages]
        others = sorted(name for name in messages if name not in declared)
        return {
            _shown(name): list(_sentences(messages[name]))
            for name in [*declared, *others]
            if name is not None
        }


class ResponseSchema(WireSchema):
    """What is answered."""


def _shown(name: str) -> str:
    if name == _WHOLE:
        return "body"
    # Repeated to the caller who sent it, but never at any length.
    return name if len(name) <= 64 else f"{name[:64]}…"  # noqa: PLR2004 - as long as any name of ours


def _sentences(messages: object) -> list[str]:
    """Marshmallow's messages as a flat list, however deep they are nested."""
    if isinstance(messages, Mapping):
        return [sentence for inner in messages.values() for sentence in _sentences(inner)]
    if isinstance(messages, list):
        return [sentence for inner in messages for sentence in _sentences(inner)]
    return [str(messages)]
