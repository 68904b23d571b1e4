"""Withdrawals: those that wait for a decision, what a decision does, and statements that arrived in another way."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, position, read_day, sent
from lumira.blueprints.pages.dashboard.replies import done, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales.order_actions import refusal
from lumira.domain.operators import Role
from lumira.domain.withdrawal import WithdrawalDecision
from lumira.errors import InvalidRequest, LumiraError
from lumira.errors.orders import OrderNotFound
from lumira.formats import parse_uuid
from lumira.pages.dashboard.withdrawal_page import DecisionPage, RecordPage, due_at, units
from lumira.services.orders.find_order import find_order
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.record_proof import record_proof
from lumira.services.withdrawals.view_withdrawals import (
    RECENT,
    StatementPreview,
    preview_statement,
    view_decision,
    view_withdrawals,
)
from lumira.services.withdrawals.withdraw import record_statement

#: Characters of an explanation to the buyer, and of the buyer's own words.
_MAX_NOTE, _MAX_REASON = 2_000, 1_000
_DECIDED = "decided"


@dashboard.page("/withdrawals", may=Role.VIEWER)
def show() -> Response:
    """Those that wait, the nearest deadline first, with the last decisions below; or the decided ones."""
    tenant_id, is_decided = visit.shop().tenant_id, sent("state") == _DECIDED
    found = view_withdrawals(tenant_id, is_decided=is_decided, after=position())
    is_first_page = not is_decided and AFTER not in request.args
    recent = view_withdrawals(tenant_id, is_decided=True, limit=RECENT) if is_first_page else None
    return page(
        "withdrawals.html.jinja",
        is_decided=is_decided,
        found=found,
        recent=recent,
        due_at=due_at,
        units=units,
        path=_path(),
        pager=pager(_path(), {"state": _DECIDED if is_decided else ""}, found.next),
    )


@dashboard.page("/withdrawals/<number>", may=Role.VIEWER)
def show_decision(number: str) -> Response:
    """The withdrawals from one order, and what accepting or refusing them does."""
    found = view_decision(visit.shop().tenant_id, checked_reference(number))
    return page(
        "withdrawal.html.jinja",
        shown=DecisionPage(found),
        found=found,
        order=found.order,
        due_at=due_at,
        units=units,
        max_note=_MAX_NOTE,
        path=_path(found.order.order_number),
    )


@dashboard.page("/withdrawals/<number>/accept", may=Role.OWNER, methods=["POST"], recent=True)
def accept(number: str) -> Response:
    """Accept the withdrawals that the page showed; a worker refunds them."""
    return _decide(number, WithdrawalDecision.ACCEPTED, note=None)


@dashboard.page("/withdrawals/<number>/refuse", may=Role.OWNER, methods=["POST"])
def refuse(number: str) -> Response:
    """Refuse the withdrawals that the page showed, with an explanation to the buyer."""
    return _decide(number, WithdrawalDecision.REFUSED, note=_text("note", _MAX_NOTE))


@dashboard.page("/withdrawals/<number>/proof", may=Role.OWNER, methods=["POST"], recent=True)
def prove(number: str) -> Response:
    """Record that the buyer proved to have sent the goods back; a worker refunds the withdrawals that wait for them."""
    order = find_order(visit.shop().tenant_id, checked_reference(number))
    path = _path(order.order_number)
    try:
        record_proof(order.tenant_id, order.id, actor=visit.operator().actor)
    except LumiraError as error:
        return refusal(error, to=path)
    return done("withdrawals.proved", to=path)


@dashboard.page("/withdrawals/record", may=Role.OWNER)
def show_record() -> Response:
    """The form of a statement by letter, e-mail or telephone; with an order, what it can concern."""
    return _record_page(request.args.get)


@dashboard.page("/withdrawals/record", may=Role.OWNER, methods=["POST"], recent=True)
def record() -> Response:
    """Record the statement, and lead to the decision about it."""
    preview, error = _read_preview(request.form.get)
    if preview is None or error is not None:
        return _record_page(request.form.get)
    chosen = {
        right.line.id: request.form.get(f"units-{right.line.position}", default=0, type=int)
        for right in preview.right.lines
    }
    chosen = {line_id: number for line_id, number in chosen.items() if number > 0}
    if not chosen:
        return _record_page(request.form.get, error="choose_units")
    path = _path(preview.order.order_number)
    try:
        order = record_statement(
            visit.shop().tenant_id,
            preview.order.id,
            requested_at=preview.requested_at,
            reason=_text("reason", _MAX_REASON),
            actor=visit.operator().actor,
            units=chosen,
            seen=request.form.get("seen", default=-1, type=int),
        )
    except LumiraError as refused:
        return refusal(refused, to=path)
    is_waiting = order.withdrawals[-1].is_waiting
    return done("withdrawals.recorded" if is_waiting else "withdrawals.recorded_accepted", to=path)


def _decide(number: str, decision: WithdrawalDecision, *, note: str | None) -> Response:
    order = find_order(visit.shop().tenant_id, checked_reference(number))
    seen = [parse_uuid(text) for text in request.form.get("seen", "").split(".")]
    try:
        decide(
            order.tenant_id,
            order.id,
            decision,
            actor=visit.operator().actor,
            note=note,
            seen=[each or UUID(int=0) for each in seen],
        )
    except LumiraError as error:
        return refusal(error, to=_path(order.order_number))
    return done(f"withdrawals.{decision}", to=_path(order.order_number))


def _record_page(read: Callable[[str, str], str], *, error: str | None = None) -> Response:
    preview, invalid = _read_preview(read)
    error = error or invalid
    return page(
        "withdrawal_record.html.jinja",
        HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        shown=RecordPage(
            number=read("order", "")[:100],
            received=read("received", "")[:20],
            reason=read("reason", "")[:_MAX_REASON],
            error=error,
            preview=preview,
        ),
        chosen=request.form,
        max_reason=_MAX_REASON,
        path=_path(),
    )


def _read_preview(read: Callable[[str, str], str]) -> tuple[StatementPreview | None, str | None]:
    """What the statement can concern, and the key of the text that says what is wrong with the form."""
    number, text = read("order", "").strip().upper(), read("received", "")
    if not number:
        return None, None
    day: date | None = read_day(text)
    if text and day is None:
        return None, "invalid_day"
    try:
        return preview_statement(visit.shop().tenant_id, checked_reference(number), day), None
    except OrderNotFound:
        return None, "unknown_order"
    except InvalidRequest:
        return None, "future_day"


def _text(name: str, length: int) -> str | None:
    return request.form.get(name, "").replace("\x00", "").strip()[:length] or None


def _path(number: str = "") -> str:
    return f"{visit.shop().path}/withdrawals{'/' if number else ''}{number}"
