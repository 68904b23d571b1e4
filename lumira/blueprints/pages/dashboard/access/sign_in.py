"""Sign-in and sign-out."""

from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.pages.dashboard import cookies, guard, visit
from lumira.blueprints.pages.dashboard.access.sign_in_limits import counted_attempt, mark_browser
from lumira.blueprints.pages.dashboard.forms import LanguageForm, SignInForm, entered
from lumira.blueprints.pages.dashboard.replies import done, own_path, page, page_before, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Language
from lumira.errors.operators import SignInRefused
from lumira.services.operators.change_account import end_session, set_language
from lumira.services.operators.sessions import NewSession
from lumira.services.operators.sign_in import sign_in as begin


@dashboard.open_page("/sign-in")
def show() -> Response:
    """The form; an operator who is signed in is led on."""
    if visit.current().signed_in is not None:
        return redirect_to(own_path(request.args.get("next")))
    return _form_page(SignInForm())


@dashboard.open_page("/sign-in", methods=["POST"])
def submit() -> Response:
    """Sign in, and lead to the page that was requested."""
    form = SignInForm()
    if not form.validate_on_submit():
        return _form_page(form, HTTPStatus.BAD_REQUEST)
    try:
        with counted_attempt(entered(form.email)):
            session = begin(
                entered(form.email),
                entered(form.password),
                entered(form.code),
                device=request.user_agent.string,
                replaces=cookies.read_session_token(),
            )
    except SignInRefused:
        return _form_page(form, HTTPStatus.UNAUTHORIZED, is_refused=True)
    return enter(redirect_to(own_path(request.args.get("next"))), session)


def enter(reply: Response, session: NewSession) -> Response:
    """Sign the browser in with this reply: under a token of its own, which no earlier page knows."""
    cookies.set_session_token(reply, session.token)
    mark_browser(reply, session.signed_in.email)
    guard.bind_forms(str(session.signed_in.session_id))
    return reply


def _form_page(form: SignInForm, status: HTTPStatus = HTTPStatus.OK, *, is_refused: bool = False) -> Response:
    return page(
        "sign_in.html.jinja",
        status,
        form=form,
        is_refused=is_refused,
        next=own_path(request.args.get("next")),
    )


@dashboard.own_page("/sign-out", methods=["POST"])
def leave() -> Response:
    """End the session. The pages that were shown are not kept by the browser (`no-store`)."""
    operator = visit.operator()
    end_session(operator, operator.session_id)
    guard.bind_forms("")
    reply = done("sign_in.signed_out", to="/dashboard/-/sign-in")
    cookies.remove_session_token(reply)
    return reply


@dashboard.own_page("/language", methods=["POST"])
def choose_language() -> Response:
    """Set the language of the operator's pages."""
    form = LanguageForm()
    if form.validate_on_submit():
        set_language(visit.operator(), Language(entered(form.language)))
    return done("layout.language_set", to=page_before())
