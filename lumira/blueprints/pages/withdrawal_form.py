"""The form of the second step of a withdrawal, on the portal and for buyers without an account."""

from flask import request

from lumira import link_tokens
from lumira.domain.commands import WithdrawalCommand
from lumira.pages.portal import Form
from lumira.pages.withdrawal import SentForm, WithdrawalError
from lumira.schemas.withdrawal_page import read_reason, read_units

#: Bytes: a reason of the greatest length, and as many lines as a cart has.
_FORM_LENGTH = 32_768


def signed_form(path: str) -> Form:
    """A form that only the page with this path can send."""
    return Form(path, link_tokens.sign_form(path))


def is_own_form(path: str) -> bool:
    """Whether the form was sent by the page with this path, and not too long ago."""
    return link_tokens.is_form_of(path, request.form.get("form", ""))


def limit_length() -> None:
    """Refuse a longer form than any of the pages sends."""
    request.max_content_length = _FORM_LENGTH


def sent_form(error: WithdrawalError) -> SentForm:
    """What was entered in the form, which is refused because of this error."""
    return SentForm(error, request.form.get("reason", ""), read_units(request.form.items()) or {})


def read_command(path: str) -> WithdrawalCommand | WithdrawalError:
    """What the form withdraws from, or what is wrong with it."""
    if not is_own_form(path):
        return WithdrawalError.STALE
    reason = read_reason(request.form.get("reason", ""))
    if reason is None:
        return WithdrawalError.REASON
    units = read_units(request.form.items())
    if units is None:
        return WithdrawalError.NOT_POSSIBLE
    return WithdrawalCommand(units, reason or None) if units else WithdrawalError.NOTHING_CHOSEN
