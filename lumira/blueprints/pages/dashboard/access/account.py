"""An operator's own account: password, authenticator app, recovery codes and sessions."""

from http import HTTPStatus
from uuid import UUID

from flask import Response

from lumira import one_time_codes
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.access.sign_in_limits import counted_attempt
from lumira.blueprints.pages.dashboard.forms import PasswordForm, SecretForm, entered
from lumira.blueprints.pages.dashboard.replies import done, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.errors.operators import RefusedPassword, SignInRefused, WrongCode
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.operators import change_account
from lumira.services.operators.set_up_account import NewSecret, new_secret, read_secret
from lumira.services.operators.view_account import view_account

_HERE = "/dashboard/-/account"


@dashboard.own_page("/account")
def show() -> Response:
    """The account."""
    return _account_page(PasswordForm())


@dashboard.own_page("/account/password", methods=["POST"])
def change_password() -> Response:
    """Replace the password."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _account_page(form)
    try:
        with counted_attempt(visit.operator().email):
            change_account.change_password(
                visit.operator(), current=entered(form.current), new=entered(form.new)
            )
    except SignInRefused:
        return _account_page(form, is_wrong=True)
    except RefusedPassword as error:
        return _account_page(form, refused_password=error.reason)
    return done("account.password_changed", to=_HERE)


@dashboard.own_page("/account/password")
def return_from_password() -> Response:
    """Lead back to the account: the address of the form has no page."""
    return redirect_to(_HERE)


def _account_page(
    form: PasswordForm, *, is_wrong: bool = False, refused_password: str | None = None
) -> Response:
    is_refused = is_wrong or refused_password is not None or bool(form.errors)
    return page(
        "account.html.jinja",
        HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.OK,
        form=form,
        view=view_account(visit.operator()),
        session_id=visit.operator().session_id,
        is_wrong=is_wrong,
        refused_password=refused_password,
    )


@dashboard.own_page("/account/app", recent=True)
def show_app() -> Response:
    """A new secret, to be scanned."""
    operator = visit.operator()
    return _app_page(SecretForm(), new_secret(operator.email, purpose=_purpose()))


@dashboard.own_page("/account/app", methods=["POST"], recent=True)
def change_app() -> Response:
    """Use the new secret."""
    operator, form = visit.operator(), SecretForm()
    try:
        secret = read_secret(form.sealed.data or "", operator.email, purpose=_purpose())
    except WrongCode:
        return _app_page(form, new_secret(operator.email, purpose=_purpose()), is_refused=True)
    if not form.validate_on_submit():
        return _app_page(form, secret)
    try:
        change_account.change_secret(operator, secret=secret.secret, code=entered(form.code))
    except WrongCode:
        return _app_page(form, secret, is_refused=True)
    return done("account.app_changed", to=_HERE)


def _purpose() -> str:
    return str(visit.operator().session_id)


def _app_page(form: SecretForm, secret: NewSecret, *, is_refused: bool = False) -> Response:
    return page(
        "change_app.html.jinja",
        HTTPStatus.BAD_REQUEST if is_refused or form.errors else HTTPStatus.OK,
        form=form,
        secret=secret,
        qr_code=one_time_codes.qr_code(secret.uri, title=TEXTS[language()]["set_up"]["qr"]),
        is_refused=is_refused,
    )


@dashboard.own_page("/account/recovery-codes", methods=["POST"], recent=True)
def renew_codes() -> Response:
    """Show new recovery codes, once."""
    return page("recovery_codes.html.jinja", codes=change_account.renew_recovery_codes(visit.operator()))


@dashboard.own_page("/account/sessions/<uuid:session_id>/end", methods=["POST"], recent=True)
def end_session(session_id: UUID) -> Response:
    """Sign another device out."""
    change_account.end_session(visit.operator(), session_id)
    return done("account.session_ended", to=_HERE)


@dashboard.own_page("/account/sessions/end-others", methods=["POST"], recent=True)
def end_others() -> Response:
    """Sign all other devices out."""
    change_account.end_other_sessions(visit.operator())
    return done("account.others_ended", to=_HERE)
