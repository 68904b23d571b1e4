"""The link of an invitation or a reset."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response, request

from lumira import one_time_codes
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.access.sign_in import enter
from lumira.blueprints.pages.dashboard.forms import SetUpForm, entered
from lumira.blueprints.pages.dashboard.replies import done, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.errors.operators import RefusedPassword, WrongCode
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.operators.accept_invitation import accept_invitation
from lumira.services.operators.describe_shop import describe_shop
from lumira.services.operators.set_up_account import (
    NewSecret,
    SetUpView,
    new_secret,
    read_secret,
    set_up_account,
    view_set_up,
)


@dashboard.open_page("/set-up/<token>")
def show(token: str) -> Response:
    """The form that sets up an account, or the button that accepts an invitation."""
    view = view_set_up(token)
    if view.has_account:
        return page("accept.html.jinja", view=view, token=token)
    return _form_page(SetUpForm(), view, new_secret(view.email, purpose=token))


@dashboard.open_page("/set-up/<token>", methods=["POST"])
def submit(token: str) -> Response:
    """Set up the account, sign in, and show the recovery codes once."""
    view = view_set_up(token)
    form = SetUpForm()
    try:
        secret = read_secret(form.sealed.data or "", view.email, purpose=token)
    except WrongCode:
        return _form_page(form, view, new_secret(view.email, purpose=token), refused_code=True)
    if not form.validate_on_submit():
        return _form_page(form, view, secret)
    try:
        account = set_up_account(
            token,
            password=entered(form.password),
            secret=secret.secret,
            code=entered(form.code),
            language=language(),
            device=request.user_agent.string,
        )
    except RefusedPassword as error:
        return _form_page(form, view, secret, refused_password=error.reason)
    except WrongCode:
        return _form_page(form, view, secret, refused_code=True)
    reply = page("recovery_codes.html.jinja", codes=account.recovery_codes)
    return enter(reply, account.session)


def _form_page(
    form: SetUpForm,
    view: SetUpView,
    secret: NewSecret,
    *,
    refused_password: str | None = None,
    refused_code: bool = False,
) -> Response:
    is_refused = refused_password is not None or refused_code or bool(form.errors)
    return page(
        "set_up.html.jinja",
        HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.OK,
        form=form,
        view=view,
        secret=secret,
        qr_code=one_time_codes.qr_code(secret.uri, title=TEXTS[language()]["set_up"]["qr"]),
        refused_password=refused_password,
        refused_code=refused_code,
    )


@dashboard.own_page("/accept/<token>", methods=["POST"])
def accept(token: str) -> Response:
    """Accept an invitation with the account of the operator who is signed in."""
    tenant_id = accept_invitation(visit.operator(), token)
    shop = describe_shop(tenant_id)
    # Read again: the operator has a role there now, which decides what is seen first.
    joined = visit.begin(shop.slug).shop
    return done("set_up.joined", to=joined.home if joined else "/dashboard", shop=shop.name)


@dashboard.own_page("/accept/<token>")
def return_to(token: str) -> Response:
    """Lead back to the invitation after sign-in."""
    return redirect_to(f"/dashboard/-/set-up/{quote(token)}")
