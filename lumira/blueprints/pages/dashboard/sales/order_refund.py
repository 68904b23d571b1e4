"""Refunding an order: all, an amount, or some of its products; once for each form, however often it is sent."""

import uuid
from http import HTTPStatus

from flask import Response, abort, g, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.errors import DATABASE_LOST, reply_to_lost_database
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales.order_actions import refusal
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.domain.operators import Role
from lumira.domain.refund_lines import refundable_postage
from lumira.domain.refunds import requests_under_way
from lumira.errors import LumiraError
from lumira.errors.orders import RefundRepeated
from lumira.errors.stripe import StripeBusy, StripeUnavailable
from lumira.money import parse_amount
from lumira.pages.dashboard.order_page import OrderPage
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource, fingerprint
from lumira.schemas.refunds import REFUND_REASONS
from lumira.services.orders.view_order_story import OrderStory, view_order_story
from lumira.services.refunds.request_refund import request_refund


class _Invalid(Exception):
    """The form is not complete; the argument is the text that says why."""


@dashboard.page("/orders/<number>/refund", may=Role.OWNER, recent=True)
def show(number: str) -> Response:
    """The form: how much, of which payment, and why."""
    return _form_page(_story(number), form_key=str(uuid.uuid4()))


@dashboard.page("/orders/<number>/refund", may=Role.OWNER, methods=["POST"], recent=True)
@calls_stripe
def submit(number: str) -> Response:
    """Refund it, and lead back to the order."""
    story = _story(number)
    payment_id = request.form.get("payment", "")
    form_key = request.form.get("form_key", "")[:100]
    if payment_id not in story.refundable or not form_key.isascii():
        abort(HTTPStatus.BAD_REQUEST)
    try:
        command = _read_command(story, payment_id)
    except _Invalid as error:
        return _form_page(story, form_key=form_key, error=str(error), status=HTTPStatus.BAD_REQUEST)
    return _refund(story, payment_id, command, form_key)


def _refund(story: OrderStory, payment_id: str, command: RefundCommand, form_key: str) -> Response:
    actor = visit.operator().actor
    what = [story.order.order_number, payment_id, command.amount, command.reason, str(command.lines)]
    what += [] if command.postage is None else [f"postage: {command.postage}"]
    call = Call(
        fingerprint=fingerprint("POST", "/dashboard/refund", what),
        actor=actor,
        source=KeySource.IDEMPOTENCY_KEY,
        key=f"dashboard-refund-{form_key}",
        request_id=g.request_id,
    )
    path = f"{visit.shop().path}/orders/{story.order.order_number}"
    try:
        result = request_refund(visit.shop().tenant_id, payment_id, call=call, command=command).value
    except RefundRepeated:
        return _form_page(story, form_key=form_key, error="refund_repeated", status=HTTPStatus.CONFLICT)
    except DATABASE_LOST as error:
        # The request may be recorded: a form with a new key would make another one.
        return reply_to_lost_database(error, "refund_unknown", back=path)
    except StripeBusy as error:
        return refusal(error, to=path)
    except StripeUnavailable:
        # It was stored before Stripe was called: a worker sends it.
        return failed("order.refund_recorded", to=path)
    except LumiraError as error:
        return refusal(error, to=path)
    shown = OrderPage(story, language())
    return done(
        "order.refund_made",
        to=path,
        amount=shown.amount(result.amount, _currency(story, payment_id)),
        refund=result.refund_id,
        state=shown.word("states", result.status),
    )


def _read_command(story: OrderStory, payment_id: str) -> RefundCommand:
    """What the form asks for; raises `_Invalid`."""
    reason = request.form.get("reason") or None
    if reason is not None and reason not in REFUND_REASONS:
        abort(HTTPStatus.BAD_REQUEST)
    what, again = request.form.get("what"), "again" in request.form
    if what == "amount":
        return RefundCommand(_read_amount(_currency(story, payment_id)), reason, may_repeat=again)
    if what == "lines":
        postage = "postage" in request.form
        lines = _read_lines(story, may_be_none=postage)
        return RefundCommand(None, reason, lines, postage=postage, may_repeat=again)
    if what == "goods":
        return RefundCommand(None, reason, postage=False, may_repeat=again)
    # A mistake in the form must not become a full refund.
    if what != "all":
        abort(HTTPStatus.BAD_REQUEST)
    return RefundCommand(None, reason, may_repeat=again)


def _read_amount(currency: str) -> int:
    try:
        amount = parse_amount(request.form.get("amount", "")[:40], currency)
    except ValueError as error:
        raise _Invalid("invalid_amount") from error
    if amount == 0:
        raise _Invalid("invalid_amount")
    return amount


def _read_lines(story: OrderStory, *, may_be_none: bool) -> tuple[RefundLine, ...]:
    units = {
        line.product_id: request.form.get(f"units-{line.position}", default=0, type=int)
        for line in story.order.lines
    }
    lines = tuple(RefundLine(product_id, number) for product_id, number in units.items() if number > 0)
    if not lines and not may_be_none:
        raise _Invalid("choose_lines")
    return lines


def _form_page(
    story: OrderStory, *, form_key: str, error: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    return page(
        "order_refund.html.jinja",
        status,
        story=story,
        order=story.order,
        payments=[
            payment
            for payment in story.order.payments
            if story.refundable.get(payment.stripe_payment_intent_id)
        ],
        under_way=[
            (sent, payment.currency)
            for payment in story.order.payments
            for sent in requests_under_way(story.order, payment)
        ],
        postage=refundable_postage(story.order),
        path=f"{visit.shop().path}/orders/{story.order.order_number}",
        form_key=form_key,
        error=error,
        chosen=request.form,
        reasons=REFUND_REASONS,
    )


def _story(number: str) -> OrderStory:
    return view_order_story(visit.shop().tenant_id, checked_reference(number))


def _currency(story: OrderStory, payment_id: str) -> str:
    payment = story.order.find_payment(payment_id)
    return story.order.currency if payment is None else payment.currency
