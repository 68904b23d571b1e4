"""Deliverables are promised by an order, worked on, delivered once, and withdrawn by a refund."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.messages import is_current
from lumira.errors import Conflict, IdempotencyMismatch, NotFound
from lumira.errors.files import AccessEnded, InvalidFile, StorageUnavailable
from lumira.errors.orders import OrderNotFound
from lumira.models import (
    Deliverable,
    DeliverableState,
    MessageKind,
    MessageStatus,
    OutboxMessage,
    Product,
)
from lumira.notifications import relay
from lumira.repositories.orders import orders
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.remove_files import remove_files
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.files.view_deliverables import list_tasks, view_deliverables
from lumira.services.portal.downloadable_files import get_downloadable_file, list_order_files
from lumira.settlement.settle_order import settle_order
from tests.support import portal_pages
from tests.support.factories import Brand, count, load_order, open_payment, pending_messages
from tests.support.files import (
    MP3,
    PDF,
    PNG,
    all_files,
    audited,
    buy,
    buy_promise,
    call,
    change,
    kept,
    promise,
    upload,
    upload_of,
)
from tests.support.refunds import deliver_events, keyed, pay, refund, refund_in_dashboard
from tests.support.storage import bucket_at, kept_in

pytestmark = pytest.mark.usefixtures("app_context")

TO_DO, IN_PROGRESS, DELIVERED = DeliverableState


def messages(brand: Brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        query = select(OutboxMessage).where(OutboxMessage.kind == MessageKind.DELIVERABLE_READY)
        return list(db.session.execute(query).scalars())


def test_deliverables_are_to_do_once_the_order_is_fulfilled(tenant) -> None:
    promise(tenant, "mystique", "lecture", "audio")
    opened = open_payment(tenant)
    assert view_deliverables(tenant.id, opened.order_number) == []
    assert count(tenant, Deliverable) == 0

    order = buy(tenant)

    found = view_deliverables(tenant.id, order.order_number)
    assert [(each.key, each.title, each.state, each.withdrawn, each.files) for each in found] == [
        ("lecture", "Votre lecture", TO_DO, False, ()),
        ("audio", "Votre audio", TO_DO, False, ()),
    ]
    assert [(work.order_number, work.key) for work in list_tasks(tenant.id)] == [
        (order.order_number, "audio"),
        (order.order_number, "lecture"),
    ]


def test_a_free_level_has_deliverables_too(tenant) -> None:
    promise(tenant, "simple", "lecture")
    opened = open_payment(tenant, "simple")
    [work] = list_tasks(tenant.id)
    assert (work.order_number, work.state) == (opened.order_number, TO_DO)


def test_settling_again_creates_no_second_deliverable(tenant) -> None:
    order = buy_promise(tenant)
    upload(tenant, order)
    deliver_events(tenant)
    with atomic(tenant.id):
        settle_order(orders.lock_order(tenant.id, order.id), actor="test")
    [found] = view_deliverables(tenant.id, order.order_number)
    assert (found.state, len(found.files), count(tenant, Deliverable)) == (IN_PROGRESS, 1, 1)


def test_an_order_keeps_the_deliverables_of_its_day(tenant) -> None:
    order = buy_promise(tenant, "lecture")
    promise(tenant, "mystique", "mandala")
    assert [each.key for each in view_deliverables(tenant.id, order.order_number)] == ["lecture"]
    with pytest.raises(NotFound, match="it promises: lecture"):
        upload(tenant, order, "mandala")


def test_an_upload_starts_the_work_and_is_stored_under_a_random_name(tenant) -> None:
    order = buy_promise(tenant)

    uploaded = upload(tenant, order, name="Lecture d'été.pdf")

    [file] = all_files(tenant)
    assert (uploaded.id, uploaded.state) == (str(file.id), IN_PROGRESS)
    assert (file.file_name, file.content_type, file.size) == (
        "Lecture d'été.pdf",
        "application/pdf",
        len(PDF),
    )
    assert kept(file) == PDF
    assert order.order_number not in file.object_name
    assert "lecture" not in file.object_name
    [entry] = audited(tenant, "deliverable_uploaded")
    assert "été" not in str(entry.details)


def test_a_file_of_the_same_name_is_replaced_and_others_stay(tenant) -> None:
    order = buy_promise(tenant)
    upload(tenant, order, content=PDF, name="a.pdf")
    upload(tenant, order, content=MP3, name="b.mp3")
    upload(tenant, order, content=PDF + b"y", name="a.pdf")
    upload(tenant, order, content=PDF + b"y", name="a.pdf")

    [found] = view_deliverables(tenant.id, order.order_number)
    assert sorted((file.file_name, file.size) for file in found.files) == [
        ("a.pdf", len(PDF) + 1),
        ("b.mp3", len(MP3)),
    ]
    assert len(audited(tenant, "deliverable_uploaded")) == 3
    remove_files(tenant.id)
    assert len(all_files(tenant)) == 2


def test_a_deliverable_without_a_file_cannot_be_delivered(tenant) -> None:
    order = buy_promise(tenant)
    with pytest.raises(Conflict, match="has no file yet"):
        change(tenant, order, DELIVERED)
    assert messages(tenant) == []


def test_a_delivery_enqueues_one_message_about_the_deliverable(tenant) -> None:
    order = buy_promise(tenant, "lecture", "audio")
    upload(tenant, order)
    assert change(tenant, order, IN_PROGRESS).state == IN_PROGRESS

    changed = change(tenant, order, DELIVERED)
    again = change(tenant, order, DELIVERED)

    assert again == changed
    assert changed.delivered_at is not None
    [message] = messages(tenant)
    assert (message.subject, message.order_id, message.status) == (
        changed.id,
        order.id,
        MessageStatus.PENDING,
    )
    assert [entry.action for entry in audited(tenant, "deliverable_delivered")] == ["deliverable_delivered"]
    assert [work.key for work in list_tasks(tenant.id)] == ["audio"]

    upload(tenant, order, "audio", MP3, "a.mp3")
    change(tenant, order, DELIVERED, "audio")
    assert len({each.subject for each in messages(tenant)}) == 2


def test_a_delivered_deliverable_stays_delivered_and_its_files_can_be_corrected(tenant) -> None:
    order = buy_promise(tenant)
    upload(tenant, order)
    change(tenant, order, DELIVERED)

    for state in (TO_DO, IN_PROGRESS):
        with pytest.raises(Conflict, match="is delivered"):
            change(tenant, order, state)
    assert upload(tenant, order, content=PDF + b"mended").state == DELIVERED
    assert len(messages(tenant)) == 1


def test_an_order_without_an_address_is_delivered_without_a_message(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant, customer_email=None)
    order = load_order(tenant, paid.order_number)
    assert order.customer_email is None

    upload(tenant, order)

    assert change(tenant, order, DELIVERED).state == DELIVERED
    assert messages(tenant) == []


def test_the_buyer_sees_files_only_once_they_are_delivered(tenant) -> None:
    order = buy_promise(tenant)
    uploaded = upload(tenant, order)
    [file] = all_files(tenant)
    with atomic(tenant.id):
        [line] = list_order_files(tenant.id, [order])[order.id]
        assert [(each.state, each.files) for each in line.deliverables] == [(IN_PROGRESS, ())]
        with pytest.raises(NotFound):
            get_downloadable_file(tenant.id, order.customer_id, file.id)

    change(tenant, order, DELIVERED)

    with atomic(tenant.id):
        [line] = list_order_files(tenant.id, [order])[order.id]
        assert [str(each.id) for each in line.deliverables[0].files] == [uploaded.id]
        assert get_downloadable_file(tenant.id, order.customer_id, file.id).id == file.id


def test_deliverables_are_accessible_after_access_has_expired(tenant) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "mystique")).access_days = 30
    order = buy_promise(tenant)
    with time_machine.travel(utc_now() + timedelta(days=31)):
        uploaded = upload(tenant, order)
        change(tenant, order, DELIVERED)
        with portal_pages.reached_at():
            relay.relay(tenant.id)

        assert [each.status for each in messages(tenant)] == [MessageStatus.SENT]
        with atomic(tenant.id):
            [line] = list_order_files(tenant.id, [order])[order.id]
            assert [str(each.id) for each in line.deliverables[0].files] == [uploaded.id]
            assert (
                str(get_downloadable_file(tenant.id, order.customer_id, UUID(uploaded.id)).id) == uploaded.id
            )


def test_a_refund_revokes_deliverables_also_after_access_has_expired(tenant) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "mystique")).access_days = 30
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant)
    order = load_order(tenant, paid.order_number)
    uploaded = upload(tenant, order)
    change(tenant, order, DELIVERED)
    refund(tenant, paid)

    order = load_order(tenant, order.order_number)
    with time_machine.travel(utc_now() + timedelta(days=31)), atomic(tenant.id):
        with pytest.raises(AccessEnded):
            get_downloadable_file(tenant.id, order.customer_id, UUID(uploaded.id))
        [line] = list_order_files(tenant.id, [order])[order.id]
        assert line.deliverables == ()


def test_a_refund_withdraws_deliverables(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant)
    order = load_order(tenant, paid.order_number)
    upload(tenant, order)

    refund(tenant, paid)

    [found] = view_deliverables(tenant.id, order.order_number)
    assert (found.state, found.withdrawn) == (IN_PROGRESS, True)
    assert list_tasks(tenant.id) == []
    assert [work.withdrawn for work in list_tasks(tenant.id, is_open=False)] == [True]
    for attempt in (
        lambda: upload(tenant, order, content=PNG, name="a.png"),
        lambda: change(tenant, order, DELIVERED),
    ):
        with pytest.raises(Conflict, match="it is refunded"):
            attempt()
    assert messages(tenant) == []
    remove_files(tenant.id)
    assert len(all_files(tenant)) == 1


def test_a_refund_during_an_upload_leaves_no_file(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant)

    class RefundedMeanwhile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                refund(tenant, paid)
            return super().read(size)

    sent = Upload("lecture.pdf", RefundedMeanwhile(PDF))
    with pytest.raises(Conflict, match="it is refunded"):
        upload_deliverable(tenant.id, paid.order_number, "lecture", sent, call=call())

    [file] = all_files(tenant)
    assert file.stored_at is None
    assert remove_files(tenant.id) == 1
    with pytest.raises(NotFound):
        kept(file)


def test_a_partial_refund_leaves_the_work_due(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant)
    refund_in_dashboard(tenant, paid, amount=1000)
    deliver_events(tenant)
    order = load_order(tenant, paid.order_number)
    upload(tenant, order)
    assert change(tenant, order, DELIVERED).state == DELIVERED


def test_an_unpaid_order_accepts_no_work(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    order = load_order(tenant, open_payment(tenant).order_number)
    with pytest.raises(Conflict, match="it is pending"):
        upload(tenant, order)
    with pytest.raises(Conflict, match="it is pending"):
        change(tenant, order, IN_PROGRESS)
    assert all_files(tenant) == []


def test_a_delivery_message_superseded_by_a_refund_is_sent_after_the_refund_failed(tenant) -> None:
    promise(tenant, "mystique", "lecture")
    order = load_order(tenant, pay(tenant).order_number)
    upload(tenant, order)
    change(tenant, order, DELIVERED)
    subject = messages(tenant)[0].subject
    with atomic(tenant.id):
        db.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.subject == subject)
            .values(status=MessageStatus.SUPERSEDED)
        )
        locked = orders.lock_order(tenant.id, order.id)
        locked.grants[0].active = False
        assert not is_current(locked, MessageKind.DELIVERABLE_READY, subject)
        settle_order(locked, actor="test")
    assert [message.status for message in messages(tenant)] == [MessageStatus.PENDING]


def test_another_tenants_order_accepts_no_work(tenant, other_tenant) -> None:
    theirs = buy_promise(other_tenant)
    for reference in (theirs.order_number, str(theirs.id)):
        with pytest.raises(OrderNotFound):
            upload_deliverable(tenant.id, reference, "lecture", upload_of(), call=call())
        with pytest.raises(OrderNotFound):
            change_deliverable(tenant.id, reference, "lecture", IN_PROGRESS, call=call())
        with pytest.raises(OrderNotFound):
            view_deliverables(tenant.id, reference)
    assert all_files(tenant) == all_files(other_tenant) == []
    assert list_tasks(tenant.id) == []


def test_a_refused_file_does_not_start_the_work(tenant) -> None:
    order = buy_promise(tenant)
    with pytest.raises(InvalidFile):
        upload(tenant, order, content=MP3, name="a.pdf")
    [found] = view_deliverables(tenant.id, order.order_number)
    assert (found.state, found.files) == (TO_DO, ())


def test_unavailable_storage_releases_the_idempotency_key(tenant) -> None:
    order = buy_promise(tenant)
    with kept_in(bucket_at("http://127.0.0.1:9")), pytest.raises(StorageUnavailable):
        upload_deliverable(tenant.id, order.order_number, "lecture", upload_of(), call=keyed())
    [found] = view_deliverables(tenant.id, order.order_number)
    assert (found.state, found.files) == (TO_DO, ())

    first = upload_deliverable(tenant.id, order.order_number, "lecture", upload_of(), call=keyed())
    again = upload_deliverable(tenant.id, order.order_number, "lecture", upload_of(), call=keyed())

    assert (first.replayed, again.replayed) == (False, True)
    assert again.value == first.value
    remove_files(tenant.id)
    assert len(all_files(tenant)) == 1


def test_a_repeated_call_gets_the_stored_reply_and_another_under_its_key_is_refused(tenant) -> None:
    order = buy_promise(tenant)
    upload(tenant, order)
    first = change_deliverable(tenant.id, order.order_number, "lecture", IN_PROGRESS, call=keyed())
    change(tenant, order, DELIVERED)

    again = change_deliverable(tenant.id, order.order_number, "lecture", IN_PROGRESS, call=keyed())

    assert (again.replayed, again.value) == (True, first.value)
    with pytest.raises(IdempotencyMismatch):
        change_deliverable(
            tenant.id, order.order_number, "lecture", DELIVERED, call=keyed(fingerprint="another")
        )
    assert "deliverable_ready" in pending_messages(tenant, order.id)
