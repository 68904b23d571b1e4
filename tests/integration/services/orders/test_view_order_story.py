"""An operator sees everything about an order on one page, with a bounded number of statements."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from lumira.database import atomic
from lumira.domain.waiting import Repair, WaitReason
from lumira.errors.orders import OrderNotFound
from lumira.models import EventStatus, MessageStatus, OutboxMessage, WebhookEvent
from lumira.services.orders.add_note import add_note
from lumira.services.orders.view_order_story import OrderStory, view_order_story
from tests.support import files, refunds, seller, stripe_events, stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

#: The order, which kinds of rows it has, eight of those kinds, its events; events that are stuck, alerts; the tenant,
#: fees, receipts, notes, actions, and the team.
STATEMENTS = 19
#: Charges, refunds and their requests.
OF_A_REFUND = 3
#: The work and its files.
OF_DELIVERABLES = 2


def story(brand: Brand, number: str) -> OrderStory:
    return view_order_story(brand.id, number)


def test_the_story_of_a_refunded_order_is_whole(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = refunds.pay(brand)
    refunds.refund(brand, opened, 700)
    refunds.deliver_events(brand)
    add_note(brand.id, load_order(brand, opened.order_number).id, "Agreed.", actor="operator:1")

    shown = story(brand, opened.order_number)

    assert shown.waiting is None
    assert [receipt.kind for receipt in shown.receipts] == ["receipt", "credit_note"]
    assert shown.refundable == {opened.payment_intent_id: 4000}
    assert "payment_intent.succeeded" in [event.type for event in shown.events]
    assert all(event.id.startswith("evt_") for event in shown.events)
    assert {"order_completed", "refund_requested"} <= {entry.action for entry in shown.audit}
    assert [note.text for note in shown.notes] == ["Agreed."]
    assert not shown.can_be_cancelled


def test_any_number_of_rows_takes_the_same_statements(
    make_brand: Callable[..., Brand], statements: Statements
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = refunds.pay(brand)
    paid = statements.made_by(lambda: story(brand, opened.order_number))
    assert len(paid) == STATEMENTS - OF_A_REFUND, "\n".join(paid)

    def refund() -> None:
        refunds.refund(brand, opened, 100)
        add_note(brand.id, load_order(brand, opened.order_number).id, "Again.", actor="operator:1")
        refunds.deliver_events(brand)

    refund()
    one = statements.made_by(lambda: story(brand, opened.order_number))
    for _ in range(3):
        refund()
    many = statements.made_by(lambda: story(brand, opened.order_number))
    assert len(one) == len(many) == STATEMENTS, "\n".join(many)

    order = files.buy_promise(brand, "lecture")
    worked = statements.made_by(lambda: story(brand, order.order_number))
    assert len(worked) == STATEMENTS - OF_A_REFUND + OF_DELIVERABLES, "\n".join(worked)


def test_an_event_that_failed_is_found_by_the_ids_in_it(tenant: Brand) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    [event] = stripe_sandbox.events(tenant, "payment_intent.succeeded")
    stripe_events.receive(tenant, event)
    with atomic(tenant.id) as session:
        stored = session.query(WebhookEvent).one()
        stored.status = EventStatus.FAILED

    waiting = story(tenant, opened.order_number).waiting

    assert waiting is not None
    assert (waiting.reason, waiting.repair) == (WaitReason.EVENT_FAILED, Repair.REPLAY_EVENT)
    assert waiting.subject == event["id"]
    assert story(tenant, open_payment(tenant).order_number).stuck_events == []


def test_a_message_that_was_not_delivered_is_what_a_completed_order_waits_for(tenant: Brand) -> None:
    number = refunds.pay(tenant).order_number
    [message] = load_order(tenant, number).messages
    with atomic(tenant.id) as session:
        session.get_one(OutboxMessage, (tenant.id, message.id)).status = MessageStatus.DEAD

    waiting = story(tenant, number).waiting

    assert waiting is not None
    assert (waiting.repair, waiting.subject) == (Repair.RESEND, str(message.id))


def test_an_unpaid_order_can_be_cancelled(tenant: Brand) -> None:
    assert story(tenant, open_cart(tenant).order_number).can_be_cancelled
    assert not story(tenant, open_payment(tenant, "simple").order_number).can_be_cancelled


def test_the_story_of_another_tenants_order_is_not_shown(tenant: Brand, other_tenant: Brand) -> None:
    opened = refunds.pay(other_tenant)
    order = load_order(other_tenant, opened.order_number)
    for reference in (opened.order_number, str(order.id), opened.payment_intent_id, str(uuid4())):
        with pytest.raises(OrderNotFound):
            story(tenant, reference)
