"""Field types of requests and responses, with their validation."""

import base64
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from lumira.card_numbers import contains_card_number
from lumira.field_messages import message
from lumira.text_rules import EMAIL_LENGTH, has_control_characters, is_email_address

PRODUCT_ID_LENGTH = 64
#: Longer than any code, for the spaces that people enter.
PROMOTION_CODE_LENGTH = 80
#: The languages of messages, pages and receipts.
LOCALES = ("fr", "en")
#: Stripe's limits for metadata (docs.stripe.com/metadata), less the entries that Lumira adds.
METADATA_ENTRIES = 20
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500
_METADATA_KEY = re.compile(r"[^\[\]]+")
_DIGITS = re.compile(r"[0-9]{1,9}")
#: Sixteen bytes in base64url without padding.
_CURSOR = re.compile(r"[A-Za-z0-9_-]{22}")
_TIME_EXPECTED = "Must be an ISO 8601 time with its offset, such as 2026-01-31T12:00:00Z."
_CURSOR_EXPECTED = "Must be the `next` cursor of an earlier page."


def absent() -> None:
    """The default of a field that may be omitted but must not be null."""


class StrictInteger(fields.Integer):
    """A JSON integer; `true`, `1.0` and `"1"` are refused."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> int:
        if type(value) is not int:
            raise ValidationError("Must be a whole number.")
        return value


class QueryInteger(fields.Integer):
    """A whole number in a query string: digits only."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> int:
        # Checked before the conversion: int() accepts signs, spaces, underscores and digits of other scripts.
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise ValidationError("Must be a whole number.")
        return int(value)


class Line(fields.String):
    """One line of text, trimmed, without control characters; lengths in characters."""

    default_error_messages = {"empty": message("empty")}  # noqa: RUF012 - declared by marshmallow

    def __init__(self, *, max_length: int, min_length: int = 0, **options: Any) -> None:
        lengths = {"maxLength": max_length} | ({"minLength": min_length} if min_length else {})
        options["metadata"] = {**lengths, **options.get("metadata", {})}
        super().__init__(**options)
        self.max_length = max_length
        self.min_length = min_length

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be a string.")
        if has_control_characters(value):
            raise ValidationError(message("no_control_characters"))
        if contains_card_number(value):
            raise ValidationError(message("card_number"))
        text = value.strip()
        if len(text) > self.max_length:
            raise ValidationError(message("longer_than", longest=self.max_length))
        if len(text) < self.min_length:
            raise self.make_error("empty")
        return text


class ProductId(Line):
    """The id of a product to sell; its own error code says that the sale names none."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"missing_code": "MISSING_PRODUCT_ID", **options.get("metadata", {})}
        super().__init__(max_length=PRODUCT_ID_LENGTH, min_length=1, **options)


class EmailAddress(Line):
    """An e-mail address with valid syntax, trimmed. Its domain is not resolved."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"format": "email", "code": "INVALID_EMAIL", **options.get("metadata", {})}
        super().__init__(max_length=EMAIL_LENGTH, min_length=1, **options)

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> str:
        text = super()._deserialize(value, *context, **options)
        if not is_email_address(text):
            raise ValidationError(message("email"))
        return text


class PromotionCodeText(Line):
    """A promotion code as the buyer entered it: any case, and with spaces."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {
            "code": "INVALID_PROMOTION_CODE",
            "example": "WELCOME10",
            "description": "Lowers the price. Upper and lower case are the same.",
            **options.get("metadata", {}),
        }
        super().__init__(max_length=PROMOTION_CODE_LENGTH, min_length=1, **options)


class Locale(fields.String):
    """The buyer's language, with or without a region: `fr`, `en-GB`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            metadata={"schema": {"enum": [*LOCALES, None]}, **options.pop("metadata", {})}, **options
        )

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        language = re.split("[-_]", value.lower())[0] if isinstance(value, str) else None
        if language not in LOCALES:
            raise ValidationError(f"Must be one of: {', '.join(LOCALES)}.")
        return language


class CallerMetadata(fields.Dict):
    """The caller's own metadata, which is sent to Stripe: strings by key, within Stripe's limits."""

    def __init__(self, **options: Any) -> None:
        schema = {
            "additionalProperties": {"type": "string", "maxLength": METADATA_VALUE_LENGTH},
            "maxProperties": METADATA_ENTRIES,
            "propertyNames": {"minLength": 1, "maxLength": METADATA_KEY_LENGTH, "pattern": r"^[^\[\]]+$"},
        }
        super().__init__(metadata={"code": "INVALID_METADATA", "schema": schema}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object of strings.")
        if len(value) > METADATA_ENTRIES:
            raise ValidationError(f"Must have at most {METADATA_ENTRIES} entries.")
        if not all(_is_metadata_key(key) for key in value):
            raise ValidationError(
                f"Keys must have 1 to {METADATA_KEY_LENGTH} characters, without brackets and control characters."
            )
        if not all(_is_metadata_value(text) for text in value.values()):
            raise ValidationError(
                f"Values must be strings of at most {METADATA_VALUE_LENGTH} characters, without control characters."
            )
        if any(contains_card_number(text) for entry in value.items() for text in entry):
            raise ValidationError(message("card_number"))
        return dict(value)


def _is_metadata_key(key: object) -> bool:
    return (
        isinstance(key, str)
        and len(key) <= METADATA_KEY_LENGTH
        and _METADATA_KEY.fullmatch(key) is not None
        and not has_control_characters(key)
    )


def _is_metadata_value(text: object) -> bool:
    return isinstance(text, str) and len(text) <= METADATA_VALUE_LENGTH and not has_control_characters(text)


class Timestamp(fields.DateTime):
    """A time: written in UTC with milliseconds and `Z` (ISO 8601); read with any offset, which is required."""

    def _serialize(self, value: datetime | None, *_context: Any, **_options: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> datetime:
        if not isinstance(value, str) or "T" not in value:
            raise ValidationError(_TIME_EXPECTED)
        try:
            time = datetime.fromisoformat(value)
            # At the limits of the calendar the same time in UTC may not exist.
            in_utc = time.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(_TIME_EXPECTED) from error
        if time.tzinfo is None:
            raise ValidationError(_TIME_EXPECTED)
        return in_utc


class Cursor(fields.String):
    """The position in a list: the id of the last item of a page, encoded so that it does not look like an id."""

    def _serialize(self, value: Any, *_context: Any, **_options: Any) -> str | None:
        return None if value is None else encode_cursor(value)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> Any:
        if not isinstance(value, str) or not _CURSOR.fullmatch(value):
            raise ValidationError(_CURSOR_EXPECTED)
        last = UUID(bytes=base64.urlsafe_b64decode(f"{value}=="))
        # The last character has unused bits: only the canonical encoding is accepted.
        if encode_cursor(last) != value:
            raise ValidationError(_CURSOR_EXPECTED)
        return last


def encode_cursor(last: UUID) -> str:
    """The cursor for the items after the one with this id."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")
