"""One dispute: what the records say, what an operator makes of it, and the response that the bank gets once."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.dispute_evidence import FIELDS, MOST_IN_ALL
from lumira.domain.operators import Role
from lumira.errors import EvidenceRefused
from lumira.errors.stripe import StripeConfigError, StripeUnavailable
from lumira.pages.dashboard.evidence_page import EvidencePage
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.disputes.send_evidence import send_evidence
from lumira.services.disputes.view_dispute import DisputeView, view_dispute

#: Bytes of the longest response in a form: a character has up to four, and a form writes each as `%F0`.
_LONGEST = MOST_IN_ALL * 4 * 3


@dashboard.page("/disputes/<dispute_id>", may=Role.VIEWER)
def show_dispute(dispute_id: str) -> Response:
    """The dispute with the draft of a response, or with the response that was sent."""
    found = _view(dispute_id)
    return _page(found, dict(found.fields))


# Not `recent`: the confirmation would lose what was written, and writing takes longer than it counts.
@dashboard.page("/disputes/<dispute_id>", may=Role.OWNER, methods=["POST"], text_length=_LONGEST)
@calls_stripe
def send(dispute_id: str) -> Response:
    """Send the response to the bank, as the operator has written it."""
    found = _view(dispute_id)
    written = {name: request.form.get(name, "") for name in FIELDS}
    path = _path(dispute_id)
    try:
        send_evidence(visit.shop().tenant_id, dispute_id, written, actor=visit.operator().actor)
    except EvidenceRefused as error:
        # What was written stays in the form.
        return _page(_view(dispute_id), written, refused=error)
    except StripeUnavailable:
        # It was stored before Stripe was called: a worker sends it.
        return done("evidence.recorded", to=path)
    except StripeConfigError as error:
        if _newest(_view(dispute_id)) != _newest(found):
            return failed("evidence.recorded", to=path)
        return failed("order.refused", to=path, why=explain(error, language()))
    return done("evidence.sent", to=path)


def _view(dispute_id: str) -> DisputeView:
    return view_dispute(visit.shop().tenant_id, checked_reference(dispute_id), language=language())


def _newest(found: DisputeView) -> UUID | None:
    return found.evidence.id if found.evidence else None


def _page(found: DisputeView, fields: dict[str, str], *, refused: EvidenceRefused | None = None) -> Response:
    reasons: dict[str, str] = TEXTS[language()]["evidence"]["why_not"]
    return page(
        "dispute.html.jinja",
        HTTPStatus.OK if refused is None else HTTPStatus.CONFLICT,
        shown=EvidencePage(found, language(), fields if found.why_not is None else dict(found.fields)),
        # Stripe's own refusal is stored, and shown with the response.
        error=None if refused is None else reasons.get(str(refused.details.get("reason"))),
        path=_path(found.dispute.stripe_dispute_id),
    )


def _path(dispute_id: str) -> str:
    return f"{visit.shop().path}/disputes/{dispute_id}"
