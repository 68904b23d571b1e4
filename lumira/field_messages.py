"""The messages of fields that people fill in, each with a code, so that a page can show it in another language."""

from typing import Any, Self

#: English by the code of the message. The dashboard has each in French under the same code.
MESSAGES: dict[str, str] = {
    "card_number": "Must not contain a card number: cards are entered on Stripe's page or form only.",
    "color": "Must be a colour such as #D4AF37.",
    "control_characters": "Must not contain control characters or line breaks.",
    "country": "Must be an ISO 3166-1 code of two letters, such as FR.",
    "email": "Must be an e-mail address.",
    "empty": "Must not be empty.",
    "host_name": "Must be a host name, without https:// and without a path.",
    "line_count": "Must have {min} to {max} lines.",
    "longer_than": "Must be at most {longest} characters long.",
    "no_control_characters": "Must not contain control characters.",
    "no_reply": "Must be an address that is read, not a no-reply address.",
    "page_address": "Must be an address such as https://shop.example.com/.",
    "percentage": "Must be a percentage, such as 20.00.",
    "percentage_range": (
        "Must be a percentage above 0 and below 100 with at most two decimals, such as 20.00."
    ),
    "phone": "Must be a telephone number, such as +33 6 12 34 56 78.",
    "pixels": "Must be a whole number of pixels, such as 12.",
    "range": "Must be between {min} and {max}.",
    "required_together": "Set both terms_version and terms_url, or neither.",
    "space_around": "Must not begin or end with a space.",
    "suffix_characters": "Must not contain < > \\ ' \" or *: Stripe refuses them.",
    "suffix_letters": "Must be plain Latin characters, at least one of them from A to Z.",
    "terms_address": "Must be an address such as https://shop.example.com/terms.",
    "time_zone": "{name!r} is not a time zone; write one such as Europe/Paris.",
    "too_long": "Must have at most {longest} characters, not {length}.",
    "too_many_domains": "Must be at most {max} domains.",
    "unknown_choice": "Must be one of: {choices}.",
    "vat_missing": "Set vat_rate, or state in vat_note why no VAT is charged.",
    "vat_number": (
        "Must be a country code, then digits or capital letters, without spaces, such as FR12345678901."
    ),
    "whole_days": "Must be a whole number of days, such as 30.",
}


class Message(str):
    """A message in English that remembers its code and its values: marshmallow passes it on as any text."""

    __slots__ = ("code", "values")
    code: str
    values: dict[str, Any]

    def __new__(cls, code: str, text: str, values: dict[str, Any] | None = None) -> Self:
        made = super().__new__(cls, text)
        made.code, made.values = code, values or {}
        return made

    def format(self, *_places: object, **values: Any) -> "Message":
        """Fill the places of the text; validators of marshmallow call this with more values than it names."""
        return Message(self.code, MESSAGES[self.code].format(**values), values)


def message(code: str, **values: Any) -> Message:
    """Return the message with this code; without values its places are filled later, by a validator."""
    made = Message(code, MESSAGES[code])
    return made.format(**values) if values else made
