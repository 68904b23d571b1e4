"""What follows from the data of a customer here, in Dolibarr, and what both sides agreed on last: field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lumira.models import ConflictReason, ContactField, Customer, email_key
from lumira.text_rules import NAME_LENGTH, has_control_characters, is_email_address

#: Dolibarr's name of each field.
DOLIBARR_NAMES = {
    ContactField.NAME: "name",
    ContactField.EMAIL: "email",
    ContactField.PHONE: "phone",
    ContactField.ADDRESS: "address",
    ContactField.POSTAL_CODE: "zip",
    ContactField.CITY: "town",
    ContactField.COUNTRY: "country_code",
}
#: Characters, as Dolibarr's columns have them; a longer value is cut where it is sent.
LONGEST = {
    ContactField.NAME: 128,
    ContactField.EMAIL: 128,
    ContactField.PHONE: 30,
    ContactField.ADDRESS: 255,
    ContactField.POSTAL_CODE: 25,
    ContactField.CITY: 50,
    ContactField.COUNTRY: 2,
}
#: What Dolibarr drops from a text silently.
_DROPPED = re.compile(r'<[^>]*>|"')
_SPACES = re.compile(r"\s+")
_COUNTRY = re.compile(r"[A-Z]{2}")

Values = Mapping[ContactField, str | None]


class Verdict(StrEnum):
    """What is to be done about one field."""

    #: Both sides have the same value.
    SAME = "same"
    #: Only Lumira's value changed: Dolibarr gets it.
    SEND = "send"
    #: Only Dolibarr's value changed: the customer gets it.
    TAKE = "take"
    #: An operator decides.
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field on both sides."""

    field: ContactField
    ours: str | None
    theirs: str | None
    verdict: Verdict
    #: Of `ASK`.
    reason: ConflictReason | None = None


def values_of(customer: Customer) -> dict[ContactField, str | None]:
    """Return the customer's data."""
    return {field: getattr(customer, field) for field in ContactField}


def from_dolibarr(fields: Mapping[str, str | None]) -> dict[ContactField, str | None]:
    """Return the values of a third party, by Dolibarr's names, trimmed; `None` for an empty one."""
    return {field: _trimmed(field, fields.get(name)) for field, name in DOLIBARR_NAMES.items()}


def to_dolibarr(values: Values) -> dict[str, str | None]:
    """Return values by Dolibarr's names."""
    return {DOLIBARR_NAMES[field]: value for field, value in values.items()}


def compare(*, agreed: Values | None, ours: Values, theirs: Values) -> list[Comparison]:
    """Compare the data of one customer on both sides with what they agreed on last; `None` if they never did."""
    return [
        _compare(
            field,
            None if agreed is None else agreed.get(field),
            ours.get(field),
            theirs.get(field),
            agreed is None,
        )
        for field in ContactField
    ]


def _compare(
    field: ContactField, agreed: str | None, ours: str | None, theirs: str | None, is_new: bool
) -> Comparison:
    if is_same(field, ours, theirs):
        return Comparison(field, ours, theirs, Verdict.SAME)
    # Two sides that never agreed: what only one of them knows, the other one gets.
    is_ours_old = ours is None if is_new else is_same(field, ours, agreed)
    is_theirs_old = theirs is None if is_new else is_same(field, theirs, agreed)
    if is_theirs_old:
        return Comparison(field, ours, theirs, Verdict.SEND)
    if not is_usable(field, theirs):
        return Comparison(field, ours, theirs, Verdict.ASK, ConflictReason.INVALID)
    if not is_ours_old:
        return Comparison(field, ours, theirs, Verdict.ASK, ConflictReason.BOTH_CHANGED)
    if field is ContactField.EMAIL:
        return Comparison(field, ours, theirs, Verdict.ASK, ConflictReason.EMAIL_CHANGED)
    return Comparison(field, ours, theirs, Verdict.TAKE)


def is_same(field: ContactField, one: str | None, other: str | None) -> bool:
    """Whether two values are the same to Dolibarr, which drops characters and cuts what is too long."""
    return _compared(field, one) == _compared(field, other)


def _compared(field: ContactField, value: str | None) -> str:
    text = _SPACES.sub(" ", _DROPPED.sub("", value or "")).strip()
    if field is ContactField.EMAIL and "@" in text:
        text = email_key(text)
    return text[: LONGEST[field]].strip()


def is_usable(field: ContactField, value: str | None) -> bool:
    """Whether a value of Dolibarr's may be a customer's: a customer has a name and an e-mail address."""
    if field is ContactField.EMAIL:
        return value is not None and is_email_address(value)
    if field is ContactField.NAME and value is None:
        return False
    if value is None:
        return True
    if field is ContactField.COUNTRY:
        return _COUNTRY.fullmatch(value) is not None
    is_line = not has_control_characters(value.replace("\n", " ") if field is ContactField.ADDRESS else value)
    return is_line and len(value) <= (NAME_LENGTH if field is ContactField.NAME else LONGEST[field])


def _trimmed(field: ContactField, value: str | None) -> str | None:
    text = (value or "").replace("\r\n", "\n").strip()
    return (text.upper() if field is ContactField.COUNTRY else text) or None
