"""Concurrent uploads and deliveries: one file of each name remains, and the buyer gets one message."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from lumira.errors import Conflict
from lumira.models import DeliverableState
from lumira.services.files.remove_files import remove_files
from lumira.services.files.upload_content import upload_content, view_contents
from lumira.services.files.view_deliverables import view_deliverables
from tests.support.factories import load_order, pending_messages
from tests.support.files import (
    PDF,
    all_files,
    audited,
    buy_promise,
    change,
    contain,
    kept,
    promise,
    upload,
    upload_of,
)
from tests.support.refunds import pay, refund

pytestmark = pytest.mark.usefixtures("app_context")

DELIVERED = DeliverableState.DELIVERED
AT_ONCE = 6


def at_once(app: Flask, *works: Any) -> list[Any]:
    """What each of these comes to, or the refusal that it met, all begun together."""

    def run(work: Any) -> Any:
        with app.app_context():
            try:
                return work()
            except Conflict as refusal:
                return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_concurrent_uploads_of_one_file_name_leave_one_file(app, tenant) -> None:
    order = buy_promise(tenant)
    contents = [PDF + bytes([number]) for number in range(AT_ONCE)]

    at_once(app, *[lambda content=content: upload(tenant, order, content=content) for content in contents])

    [found] = view_deliverables(tenant.id, order.order_number)
    [file] = found.files
    assert kept(file) in contents
    assert remove_files(tenant.id) == AT_ONCE - 1
    assert [each.id for each in all_files(tenant)] == [file.id]


def test_concurrent_uploads_of_one_file_store_it_once(app, tenant) -> None:
    order = buy_promise(tenant)
    replies = at_once(app, *[lambda: upload(tenant, order)] * AT_ONCE)
    assert len({reply.id for reply in replies}) == 1
    remove_files(tenant.id)
    assert len(all_files(tenant)) == 1
    assert len(audited(tenant, "deliverable_uploaded")) == 1


def test_concurrent_uploads_of_one_content_store_it_once(app, tenant) -> None:
    contain(tenant, "mystique", "carte")
    at_once(
        app, *[lambda: upload_content(tenant.id, "mystique", "carte", upload_of(), actor="test")] * AT_ONCE
    )
    remove_files(tenant.id)
    [file] = all_files(tenant)
    assert view_contents(tenant.id)[0].file.id == file.id


def test_concurrent_deliveries_enqueue_one_message(app, tenant) -> None:
    order = buy_promise(tenant)
    upload(tenant, order)

    replies = at_once(app, *[lambda: change(tenant, order, DELIVERED)] * AT_ONCE)

    assert {reply.state for reply in replies} == {"delivered"}
    assert pending_messages(tenant, order.id).count("deliverable_ready") == 1
    assert len(audited(tenant, "deliverable_delivered")) == 1


def test_a_concurrent_delivery_and_refund_end_in_a_withdrawn_deliverable(app, tenant) -> None:
    promise(tenant, "mystique", "lecture")
    paid = pay(tenant)
    order = load_order(tenant, paid.order_number)
    upload(tenant, order)

    at_once(app, lambda: change(tenant, order, DELIVERED), lambda: refund(tenant, paid))

    [found] = view_deliverables(tenant.id, order.order_number)
    assert found.withdrawn
    assert pending_messages(tenant, order.id).count("deliverable_ready") == (found.state is DELIVERED)
