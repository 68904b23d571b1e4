"""What operators do about an order: each a form that posts, and leads back to the order with a message."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from flask import Response, request
from marshmallow import ValidationError

from lumira.blueprints.http.references import checked_name, checked_reference
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.forms import read_days
from lumira.blueprints.pages.dashboard.replies import done, failed, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError, NotFound
from lumira.pages.dashboard.rendering import explain
from lumira.pages.dashboard.texts import TEXTS
from lumira.reconciliation.cancel_order import cancel_order
from lumira.reconciliation.poll_order_now import poll_order_now
from lumira.schemas.fields import EmailAddress
from lumira.services.access import change_access
from lumira.services.orders.add_note import add_note
from lumira.services.orders.change_address import change_address
from lumira.services.orders.dismiss_fraud_warnings import dismiss_fraud_warnings
from lumira.services.orders.find_order import FoundOrder, find_order
from lumira.services.orders.release_order import release_order
from lumira.services.orders.resend_message import resend_message
from lumira.webhooks.replay_events import replay_event

#: What a view of this module does with the order, and the message about it with its values.
_Act = Callable[[FoundOrder, str], tuple[str, dict[str, str]]]


@dashboard.page("/orders/<number>/poll", may=Role.OWNER, methods=["POST"])
@calls_stripe
def poll(number: str) -> Response:
    """Ask Stripe about the order now."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        result = poll_order_now(order.tenant_id, order.id, actor=actor)
        if result.is_repaired is None:
            return "nothing_to_ask", {}
        message = "repaired" if result.is_repaired else "nothing_new"
        return message, {"status": _status(result.order.status)}

    return _act(number, act)


@dashboard.page("/orders/<number>/events/<event_id>/replay", may=Role.OWNER, methods=["POST"])
def replay(number: str, event_id: str) -> Response:
    """Process an event of the order again."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        replay_event(order.tenant_id, checked_reference(event_id), actor=actor)
        return "replayed", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/release", may=Role.OWNER, methods=["POST"])
def release(number: str) -> Response:
    """Accept a payment of another amount or currency."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        released = release_order(order.tenant_id, order.id, actor=actor)
        return "released", {"status": _status(released.status)}

    return _act(number, act)


@dashboard.page("/orders/<number>/dismiss-warning", may=Role.OWNER, methods=["POST"])
def dismiss_warning(number: str) -> Response:
    """Trust the payment in spite of fraud warnings."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        dismiss_fraud_warnings(order.tenant_id, order.id, actor=actor)
        return "warning_dismissed", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/cancel", may=Role.OWNER, methods=["POST"])
@calls_stripe
def cancel(number: str) -> Response:
    """Cancel an unpaid order, at Stripe too."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        cancelled = cancel_order(order.tenant_id, order.id, actor=actor)
        return "cancelled" if cancelled.status == "cancelled" else "paid_meanwhile", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/address", may=Role.OWNER, methods=["POST"])
def set_address(number: str) -> Response:
    """Set or correct the buyer's address."""
    found = find_order(visit.shop().tenant_id, checked_reference(number))
    try:
        email = str(EmailAddress().deserialize(request.form.get("email", "")))
    except ValidationError:
        return failed("order.invalid_email", to=_path(found.order_number))

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        change_address(order.tenant_id, order.id, email, actor=actor)
        return "address_changed", {"email": email}

    return _act(number, act)


@dashboard.page("/orders/<number>/messages/<uuid:message_id>/resend", may=Role.OWNER, methods=["POST"])
def resend(number: str, message_id: UUID) -> Response:
    """Send a message again."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        resend_message(order.tenant_id, order.id, message_id, actor=actor)
        return "resent", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/access/<product_id>/<change>", may=Role.OWNER, methods=["POST"])
def change(number: str, product_id: str, change: str) -> Response:
    """Revoke or restore the buyer's access to a product of the order."""
    changes = {"revoke": change_access.revoke_access, "restore": change_access.restore_access}
    if change not in changes:
        raise NotFound("There is no such action.")

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        customer_id = order.require_customer()
        changes[change](
            order.tenant_id, customer_id=customer_id, product_id=checked_name(product_id), actor=actor
        )
        return f"{change}d", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/access", may=Role.OWNER, methods=["POST"])
def give(number: str) -> Response:
    """Give the buyer access to a product without an order."""
    found = find_order(visit.shop().tenant_id, checked_reference(number))
    try:
        days = read_days(request.form.get("days", ""))
    except ValueError:
        return failed("order.invalid_days", to=_path(found.order_number))

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        change_access.grant_access(
            order.tenant_id,
            customer_email=order.require_email(),
            product_id=request.form.get("product", "").replace("\x00", "").strip(),
            days=days,
            note=order.order_number,
            actor=actor,
        )
        return "given", {}

    return _act(number, act)


@dashboard.page("/orders/<number>/notes", may=Role.OWNER, methods=["POST"])
def note(number: str) -> Response:
    """Add a note for the team."""

    def act(order: FoundOrder, actor: str) -> tuple[str, dict[str, str]]:
        add_note(order.tenant_id, order.id, request.form.get("text", ""), actor=actor)
        return "noted", {}

    return _act(number, act)


def _act(number: str, act: _Act) -> Response:
    """Act on the order, and lead back to it with a message: also if a use case refuses it."""
    order = find_order(visit.shop().tenant_id, checked_reference(number))
    try:
        message, values = act(order, visit.operator().actor)
    except LumiraError as error:
        return refusal(error, to=_path(order.order_number))
    return done(f"order.{message}", to=_path(order.order_number), **values)


def refusal(error: LumiraError, *, to: str) -> Response:
    """Lead back to the order with what a use case refused, and what to do."""
    is_later = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failed("order.later" if is_later else "order.refused", to=to, why=explain(error, language()))


def _path(number: str) -> str:
    return f"{visit.shop().path}/orders/{number}"


def _status(status: str) -> str:
    words: dict[str, str] = TEXTS[language()]["orders"]["statuses"]
    return words[str(status)]
