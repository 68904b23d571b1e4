"""The withdrawal pages: the fields of the first step, and what the second step withdraws from."""

from collections.abc import Iterable
from uuid import UUID

from marshmallow import fields

from lumira.formats import parse_uuid
from lumira.schemas.base import RequestSchema
from lumira.schemas.fields import EmailAddress, Line
from lumira.text_rules import has_control_characters

REASON_LENGTH = 1000
#: Longer than any order number.
_NUMBER_LENGTH = 40
#: Before the id of an order line, in the name of the field with the number of its units.
_UNITS = "units-"
_MOST_DIGITS = 4


class WithdrawalRequestForm(RequestSchema):
    """The order, by its number and the buyer's address; `form` is the signature of the page."""

    number = Line(required=True, min_length=1, max_length=_NUMBER_LENGTH)
    email = EmailAddress(required=True)
    form = fields.String(load_default="")


def read_reason(sent: str) -> str | None:
    """Return the buyer's own words, with line breaks; `None` if they are too long or contain control characters."""
    # Browsers send a line break as two characters.
    reason = sent.replace("\r\n", "\n").strip()
    is_readable = len(reason) <= REASON_LENGTH and not has_control_characters(reason.replace("\n", " "))
    return reason if is_readable else None


def read_units(sent: Iterable[tuple[str, str]]) -> dict[UUID, int] | None:
    """Return how many units of each order line were chosen; `None` if the page cannot have sent these fields."""
    units = {}
    for name, value in sent:
        if not name.startswith(_UNITS):
            continue
        line_id, number = parse_uuid(name.removeprefix(_UNITS)), value.strip() or "0"
        is_number = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
        if line_id is None or not is_number:
            return None
        if int(number):
            units[line_id] = int(number)
    return units
