"""Forms of the dashboard. Messages of validators are keys of the texts, as `required`."""

import re
from enum import StrEnum
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm  # type: ignore[import-untyped]
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, StopValidation

from lumira.domain.operators import KeyKind, Language, Role
from lumira.services.access.change_access import MAX_DAYS

_MAX_TEXT = 200
_MAX_PASSWORD = 1000


def required() -> InputRequired:
    """The field must not be empty."""
    return InputRequired("required")


def at_most(length: int) -> Length:
    """The text must not be longer."""
    return Length(max=length, message="too_long")


def one_of(options: type[StrEnum]) -> AnyOf:
    """The text must be one of these values."""
    return AnyOf([str(option) for option in options], message="choice")


def is_email(_form: Any, field: Any) -> None:
    """The text must be an e-mail address."""
    try:
        validate_email(field.data or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise StopValidation("email") from None


def entered(field: StringField) -> str:
    """The text that was entered in a field of a valid form."""
    return field.data or ""


def read_days(text: str) -> int | None:
    """How many days access is given for: `None` without a text; raises `ValueError` for every other one."""
    days = text.strip()
    if not days:
        return None
    if not re.fullmatch("[0-9]{1,5}", days) or not 0 < int(days) <= MAX_DAYS:
        raise ValueError(days)
    return int(days)


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Sign-in: all at once, so that no page shows which part is wrong."""

    email = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT)])
    password = PasswordField(validators=[required(), at_most(_MAX_PASSWORD)])
    code = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT)])


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """Password and code once more."""

    password = PasswordField(validators=[required(), at_most(_MAX_PASSWORD)])
    code = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT)])


class SetUpForm(FlaskForm):  # type: ignore[misc]
    """A new password, and the first code of a new secret."""

    password = PasswordField(validators=[required(), at_most(_MAX_PASSWORD)])
    sealed = HiddenField(validators=[required(), at_most(_MAX_PASSWORD)])
    code = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT)])


class SecretForm(FlaskForm):  # type: ignore[misc]
    """The first code of a new secret."""

    sealed = HiddenField(validators=[required(), at_most(_MAX_PASSWORD)])
    code = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password and a new one."""

    current = PasswordField(validators=[required(), at_most(_MAX_PASSWORD)])
    new = PasswordField(validators=[required(), at_most(_MAX_PASSWORD)])


class LanguageForm(FlaskForm):  # type: ignore[misc]
    """The language of the pages."""

    language = StringField(validators=[one_of(Language)])


class KeyForm(FlaskForm):  # type: ignore[misc]
    """The kind of a new key; `form_key` is new in every form, so that one form creates one key."""

    form_key = HiddenField(validators=[required(), at_most(_MAX_TEXT)])
    kind = StringField(validators=[one_of(KeyKind)])


class Overlap(StrEnum):
    """How many hours a key that is replaced still works."""

    HOUR = "1"
    DAY = "24"
    WEEK = "168"


class RotateKeyForm(FlaskForm):  # type: ignore[misc]
    """How long the old key still works."""

    overlap = StringField(validators=[one_of(Overlap)])


class RoleForm(FlaskForm):  # type: ignore[misc]
    """A role."""

    role = StringField(validators=[one_of(Role)])


class InvitationForm(RoleForm):
    """An address to invite, with its role."""

    email = StringField(filters=[_stripped], validators=[required(), at_most(_MAX_TEXT), is_email])
