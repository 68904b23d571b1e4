"""Password and one-time code once more, before what cannot be undone."""

from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.access.sign_in_limits import counted_attempt
from lumira.blueprints.pages.dashboard.cookies import set_session_token
from lumira.blueprints.pages.dashboard.forms import ConfirmForm, entered
from lumira.blueprints.pages.dashboard.replies import done, own_path, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.errors.operators import SignInRefused
from lumira.services.operators.confirm_identity import confirm_identity


@dashboard.own_page("/confirm")
def show() -> Response:
    """The form."""
    return _form_page(ConfirmForm())


@dashboard.own_page("/confirm", methods=["POST"])
def submit() -> Response:
    """Note the confirmation, and lead back to the page of the action."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _form_page(form, HTTPStatus.BAD_REQUEST)
    try:
        with counted_attempt(visit.operator().email):
            token = confirm_identity(visit.operator(), entered(form.password), entered(form.code))
    except SignInRefused:
        return _form_page(form, HTTPStatus.UNAUTHORIZED, is_refused=True)
    reply = done("sign_in.confirmed", to=own_path(request.args.get("next")))
    set_session_token(reply, token)
    return reply


def _form_page(
    form: ConfirmForm, status: HTTPStatus = HTTPStatus.OK, *, is_refused: bool = False
) -> Response:
    return page(
        "confirm.html.jinja",
        status,
        form=form,
        is_refused=is_refused,
        next=own_path(request.args.get("next")),
    )
