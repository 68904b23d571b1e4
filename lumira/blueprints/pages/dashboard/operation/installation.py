"""Set-up of a shop: what `flask doctor` checks, and buttons for what can be mended here.

A check calls Stripe, the mail server and storage, so that it is a form: no link of another site can start it.
"""

import threading

from flask import Response, current_app

from config.settings import Settings
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.errors.tenants import MailRefused
from lumira.pages.dashboard.installation_page import shown_findings
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.installation.diagnose import diagnose
from lumira.services.installation.send_test_email import send_test_email
from lumira.services.tenants.set_up_webhooks import set_up_webhooks
from lumira.services.tenants.setup_steps import Step
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers their types
from lumira.webhooks.registry import handled_types

#: Held during a check. A process makes one at once: each holds a thread and a slot for as long as a service is slow.
_checking = threading.Lock()


@dashboard.page("/set-up", may=Role.OWNER)
def show() -> Response:
    """What is checked, and the button that checks it."""
    return page("installation.html.jinja", findings=None, path=_path())


@dashboard.page("/set-up/check", may=Role.OWNER, methods=["POST"])
@calls_stripe
def check() -> Response:
    """What works, what is missing, and how to mend it."""
    if not _checking.acquire(blocking=False):
        return failed("installation.check_running", to=_path())
    try:
        found = diagnose(_settings(), events=handled_types(), only_tenant=visit.shop().tenant_id)
        findings = shown_findings(found)
    finally:
        _checking.release()
    return page("installation.html.jinja", findings=findings, path=_path())


@dashboard.page("/set-up/check", may=Role.OWNER)
def return_from_check() -> Response:
    """Lead back: the address of the form has no page."""
    return redirect_to(_path())


@dashboard.page("/set-up/stripe", may=Role.OWNER, methods=["POST"], recent=True)
@calls_stripe
def set_up_stripe() -> Response:
    """Create or complete the webhook endpoint, and register the domains for wallets."""
    try:
        set_up = set_up_webhooks(
            visit.shop().tenant_id,
            public_url=_settings().public_url,
            events=handled_types(),
            actor=visit.operator().actor,
        )
    except LumiraError as error:
        return failed("installation.stripe_refused", to=_path(), why=explain(error, language()))
    if set_up.warnings:
        return failed("installation.stripe_warned", to=_path(), why=_sentences(set_up.warnings))
    return done("installation.stripe_set_up", to=_path(), what=_sentences(set_up.done))


@dashboard.page("/set-up/test-email", may=Role.OWNER, methods=["POST"])
def send_email() -> Response:
    """Send the operator a test e-mail: to their own address, so that it reaches no one else."""
    words = TEXTS[language()]["installation"]
    recipient = visit.operator().email
    try:
        send_test_email(
            _settings(),
            recipient,
            subject=words["email_subject"].format(visit.shop().name),
            text=words["email_text"].format(visit.shop().name),
        )
    except MailRefused as error:
        return failed("installation.email_failed", to=_path(), why=str(error.details["why"]))
    return done("installation.email_sent", to=_path(), email=recipient)


def _sentences(steps: list[Step]) -> str:
    """The steps in the operator's language."""
    texts = TEXTS[language()]["installation"]["steps"]
    return " ".join(texts[step.code].format(**step.values) for step in steps)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["lumira"]
    return settings


def _path() -> str:
    return f"{visit.shop().path}/set-up"
