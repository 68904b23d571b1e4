"""An operator sees what a message says, and never a link that opens a buyer's page."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.errors import NotFound
from lumira.models import AccessLink, Customer, MessageKind, Order, OutboxMessage, Product
from lumira.notifications import relay
from lumira.notifications.preview_message import NoPreview, Preview, preview_message
from lumira.repositories.messages import outbox
from lumira.repositories.orders import orders
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.withdrawals.withdraw import record_statement
from lumira.settlement.settle_order import settle_order
from tests.support import seller
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.portal_pages import PUBLIC_URL, reached_at
from tests.support.refunds import pay
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

#: The token of a link in a message.
TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{27,34}\.[A-Za-z0-9_-]{43}")


def enqueued(brand: Brand, order: Order, kind: MessageKind, subject: str = "") -> UUID:
    """Enqueue a message about the order, unless it has one; return its id."""
    with atomic(brand.id):
        locked = orders.lock_order(brand.id, order.id)
        outbox.enqueue(locked, kind, subject)
        db.session.flush()
        return next(each.id for each in locked.messages if (each.kind, each.subject) == (kind, subject))


def sold(brand: Brand) -> Order:
    """A paid order with a deliverable."""
    with atomic(brand.id):
        product = db.session.get_one(Product, (brand.id, "mystique"))
        product.deliverables = [{"key": "audio", "title": "Audio 25 min"}]
    return load_order(brand, pay(brand).order_number)


def subject_of(kind: MessageKind, order: Order) -> str:
    if kind is MessageKind.WITHDRAWAL_LINK:
        return order.created_at.isoformat()
    return str(order.lines[0].promises[0].id) if kind is MessageKind.DELIVERABLE_READY else ""


@pytest.mark.parametrize(
    "kind",
    [
        MessageKind.ORDER_CONFIRMATION,
        MessageKind.ACCESS_READY,
        MessageKind.ACCESS_LINK,
        MessageKind.DELIVERABLE_READY,
        MessageKind.WITHDRAWAL_LINK,
    ],
)
def test_a_preview_is_the_message_that_is_sent_without_its_links(tenant: Brand, mailbox, kind) -> None:
    order = sold(tenant)
    with atomic(tenant.id):
        subject = subject_of(kind, db.session.merge(order))
    message_id = enqueued(tenant, order, kind, subject)
    with reached_at():
        preview = preview_message(tenant.id, message_id)
        relay.relay(tenant.id)

    [mail] = [each for each in mailbox.received if f"<{message_id}@" in each["Message-ID"]]
    html, plain = (mail.get_body((form,)).get_content().replace("\r\n", "\n") for form in ("html", "plain"))
    assert isinstance(preview, Preview)
    assert TOKEN.search(html)
    assert TOKEN.sub("***", html) == preview.html.replace("\r\n", "\n").rstrip("\n") + "\n"
    assert TOKEN.sub("***", plain) == preview.plain
    assert not TOKEN.search(preview.html + preview.plain)
    assert (preview.subject, preview.to) == (mail["Subject"], BUYER)


def test_a_refusal_of_a_withdrawal_is_previewed_without_its_link(tenant: Brand) -> None:
    order = load_order(tenant, pay(tenant, "shirt").order_number)
    record_statement(tenant.id, order.id, requested_at=order.created_at, reason=None, actor="operator")
    with atomic(tenant.id):
        locked = orders.lock_order(tenant.id, order.id)
        [withdrawal] = locked.withdrawals
        withdrawal.decision, withdrawal.decided_at = "refused", datetime.now(UTC)
        settle_order(locked, actor="test")
        withdrawal_id = str(withdrawal.id)
    message_id = enqueued(tenant, order, MessageKind.WITHDRAWAL_REFUSED, withdrawal_id)
    with reached_at():
        preview = preview_message(tenant.id, message_id)
    assert isinstance(preview, Preview)
    assert f"{PUBLIC_URL}/my/***" in preview.plain
    assert not TOKEN.search(preview.html + preview.plain)


def test_a_preview_changes_nothing_and_locks_nothing(tenant: Brand, statements: Statements) -> None:
    order = sold(tenant)
    message_id = enqueued(tenant, order, MessageKind.ACCESS_LINK)
    before = count(tenant, AccessLink)
    with reached_at():
        sent = statements.made_by(partial(preview_message, tenant.id, message_id))
    assert sent
    assert [each for each in sent if not each.startswith("main: SELECT")] == []
    assert [each for each in sent if "FOR UPDATE" in each] == []
    assert count(tenant, AccessLink) == before


def test_a_preview_names_the_receipt_that_is_attached(make_brand) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    order = load_order(brand, pay(brand).order_number)
    preview = preview_message(brand.id, enqueued(brand, order, MessageKind.ORDER_CONFIRMATION))
    assert isinstance(preview, Preview)
    assert preview.receipt is not None
    assert preview.receipt in preview.plain


def test_a_message_that_would_not_be_sent_says_why_instead_of_a_preview(tenant: Brand) -> None:
    unpaid = load_order(tenant, open_payment(tenant).order_number)
    outdated = enqueued(tenant, unpaid, MessageKind.ORDER_CONFIRMATION)
    assert preview_message(tenant.id, outdated) is NoPreview.OUTDATED
    nameless = load_order(tenant, open_payment(tenant, customer_email=None).order_number)
    unknown = enqueued(tenant, nameless, MessageKind.PAYMENT_FAILED)
    assert preview_message(tenant.id, unknown) is NoPreview.NO_ADDRESS


def test_a_message_to_an_invalid_address_says_so(tenant: Brand) -> None:
    order = load_order(tenant, pay(tenant).order_number)
    with atomic(tenant.id):
        broken = {"email": "=?utf-8?q?x?=@example.com", "email_key": "x"}
        db.session.execute(update(Customer).where(Customer.tenant_id == tenant.id).values(**broken))
    message_id = enqueued(tenant, order, MessageKind.ORDER_CONFIRMATION)
    assert preview_message(tenant.id, message_id) is NoPreview.UNDELIVERABLE


def test_an_erased_buyer_has_no_preview(tenant: Brand) -> None:
    order = load_order(tenant, pay(tenant).order_number)
    relay.relay(tenant.id)
    with atomic(tenant.id):
        [message_id] = db.session.execute(select(OutboxMessage.id)).scalars()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=200)):
        erase_customer(tenant.id, BUYER, actor="operator")
    assert preview_message(tenant.id, message_id) is NoPreview.NO_ADDRESS
    assert order.customer_email == BUYER


def test_another_tenants_message_does_not_exist(tenant: Brand, other_tenant: Brand) -> None:
    order = load_order(tenant, pay(tenant).order_number)
    message_id = enqueued(tenant, order, MessageKind.ORDER_CONFIRMATION)
    for asked, wanted in ((other_tenant.id, message_id), (tenant.id, uuid4())):
        with pytest.raises(NotFound):
            preview_message(asked, wanted)
