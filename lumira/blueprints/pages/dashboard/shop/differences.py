"""Differences between customers and their third parties in Dolibarr: both values side by side, and who decides."""

from uuid import UUID

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError, NotFound
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.crm.choose_third_party import choose_third_party
from lumira.services.crm.decide_conflict import decide_conflict, read_choice, read_field
from lumira.services.crm.view_differences import view_differences


@dashboard.page("/differences", may=Role.VIEWER)
def show() -> Response:
    """What waits for a decision, the oldest first."""
    found = view_differences(visit.shop().tenant_id, after=position())
    return page("differences.html.jinja", found=found, path=_path(), pager=pager(_path(), {}, found.next))


@dashboard.page("/differences/<uuid:customer_id>/<field>", may=Role.OWNER, methods=["POST"], recent=True)
def decide(customer_id: UUID, field: str) -> Response:
    """Keep one of the two values that the page showed. Recently confirmed: an e-mail address opens the purchases."""
    decided, choice = read_field(field), read_choice(request.form.get("choice", ""))
    if decided is None or choice is None:
        raise NotFound("There is no such choice.")
    try:
        decide_conflict(
            visit.shop().tenant_id,
            customer_id,
            decided,
            choice,
            shown=request.form.get("seen", ""),
            actor=visit.operator().actor,
        )
    except LumiraError as error:
        return _refused(error)
    name: str = TEXTS[language()]["differences"]["fields"][decided]
    return done(f"differences.{choice}", to=_path(), field=name)


@dashboard.page("/differences/<uuid:customer_id>/third-party", may=Role.OWNER, methods=["POST"], recent=True)
def choose(customer_id: UUID) -> Response:
    """Attach the customer to one of the third parties with its address, or to a new one."""
    chosen = request.form.get("third_party", default=-1, type=int)
    try:
        choose_third_party(visit.shop().tenant_id, customer_id, chosen, actor=visit.operator().actor)
    except LumiraError as error:
        return _refused(error)
    return done("differences.chosen", to=_path())


def _refused(error: LumiraError) -> Response:
    return failed("differences.refused", to=_path(), why=explain(error, language()))


def _path() -> str:
    return f"{visit.shop().path}/differences"
