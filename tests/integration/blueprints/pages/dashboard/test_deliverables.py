"""An expert claims work, uploads its files and delivers; an expert sees nothing else of the shop."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lumira.database import atomic, db
from lumira.models import Deliverable, DeliverableState, Order, Role
from tests.support import files, refunds
from tests.support.dashboard import Operator, OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, load_order, pending_messages

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def expert(tenant: Brand) -> Operator:
    return make_operator(tenant, Role.EXPERT)


@pytest.fixture
def browser(app: Flask, expert: Operator) -> OperatorBrowser:
    return sign_in(app, expert)


@pytest.fixture
def order(tenant: Brand) -> Order:
    return files.buy_promise(tenant)


def row_of(brand: Brand, order: Order) -> Deliverable:
    with atomic(brand.id):
        return db.session.execute(select(Deliverable).where(Deliverable.order_id == order.id)).scalar_one()


def queue_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/deliverables"


def work_of(brand: Brand, order: Order) -> str:
    return f"{queue_of(brand)}/{row_of(brand, order).id}"


def upload(
    browser: OperatorBrowser, path: str, content: bytes = files.PDF, name: str = "lecture.pdf"
) -> TestResponse:
    return browser.submit(f"{path}/files", page=path, file=(io.BytesIO(content), name))


def test_an_expert_claims_uploads_looks_and_delivers(browser, tenant, order, expert) -> None:
    path = work_of(tenant, order)
    assert f'href="{path}"' in browser.get(queue_of(tenant)).text

    assert browser.submit(f"{path}/claim", page=path).headers["Location"] == path
    assert "Noted: you work on this deliverable." in browser.get(path).text
    assert expert.email in browser.get(f"{queue_of(tenant)}?queue=mine").text.partition("<main")[2]

    assert upload(browser, path).status_code == 303
    page = browser.get(path).text
    assert "The file is stored." in page
    [file] = re.findall(rf'href="({path}/files/[^"]+)"', page)
    assert browser.get(file).data == files.PDF

    browser.submit(f"{path}/deliver", page=path)
    assert "Delivered: the buyer sees the files." in browser.get(path).text
    assert row_of(tenant, order).state is DeliverableState.DELIVERED
    assert "deliverable_ready" in pending_messages(tenant, order.id)
    assert f'href="{path}"' not in browser.get(queue_of(tenant)).text
    assert f'href="{path}"' in browser.get(f"{queue_of(tenant)}?queue=delivered").text
    actors = {
        refunds.audited(tenant, f"deliverable_{action}")[0].actor
        for action in ("claimed", "uploaded", "delivered")
    }
    assert actors == {expert.actor}


def test_two_experts_do_not_begin_the_same_work(app, browser, tenant, order, expert) -> None:
    path = work_of(tenant, order)
    browser.submit(f"{path}/claim")
    second = make_operator(tenant, Role.EXPERT)
    theirs = sign_in(app, second)
    theirs.submit(f"{path}/claim")
    assert "Another person works on it" in theirs.get(path).text
    assert row_of(tenant, order).claimed_by == expert.actor

    theirs.submit(f"{path}/claim", takes_over="yes")
    assert row_of(tenant, order).claimed_by == second.actor
    theirs.submit(f"{path}/return")
    row = row_of(tenant, order)
    assert (row.claimed_by, row.claimed_at) == (None, None)
    claimed, returned = (refunds.audited(tenant, f"deliverable_{each}") for each in ("claimed", "returned"))
    assert [entry.actor for entry in claimed] == [expert.actor, second.actor]
    assert [entry.actor for entry in returned] == [second.actor]


def test_what_waits_longest_comes_first_and_pages_have_no_gap(browser, tenant) -> None:
    order = files.buy_promise(tenant, *(f"key-{number:03}" for number in range(120)))
    with atomic(tenant.id):
        rows = db.session.execute(select(Deliverable).where(Deliverable.order_id == order.id)).scalars().all()
        for number, row in enumerate(sorted(rows, key=lambda row: row.key)):
            # Several of the same time.
            row.created_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number // 7)
        wanted = [str(row.id) for row in sorted(rows, key=lambda row: (row.created_at, row.id))]
    seen: list[str] = []
    path: str | None = queue_of(tenant)
    while path:
        page = browser.get(path).text
        seen += re.findall(rf'href="{queue_of(tenant)}/([0-9a-f-]{{36}})"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert seen == wanted


def test_refunded_work_leaves_the_queue_and_cannot_be_done(browser, tenant, order) -> None:
    path = work_of(tenant, order)
    refunds.refund_in_dashboard(tenant, payment_intent=order.payments[0].stripe_payment_intent_id)
    refunds.deliver_events(tenant)
    assert f'href="{path}"' not in browser.get(queue_of(tenant)).text
    page = browser.get(path).text
    assert "No work is due any more" in page
    assert "/claim" not in page
    for action in ("claim", "deliver"):
        browser.submit(f"{path}/{action}")
        assert "No work is due any more: the order is refunded" in browser.get(path).text
    upload(browser, path)
    assert files.all_files(tenant) == []


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (b"", "a.pdf", "This file is not accepted"),
        (b"<html><script>", "a.html", "This file is not accepted"),
        (files.MP3, "a.pdf", "This file is not accepted"),
        (files.PDF, "", "Choose a file first."),
    ],
)
def test_a_file_that_the_buyer_could_not_open_is_refused(browser, tenant, order, content, name, text) -> None:
    path = work_of(tenant, order)
    assert upload(browser, path, content, name).status_code == 303
    assert text in browser.get(path).text
    assert row_of(tenant, order).state is DeliverableState.TO_DO


def test_nothing_is_delivered_without_a_file(browser, tenant, order) -> None:
    path = work_of(tenant, order)
    assert f"{path}/deliver" not in browser.get(path).text
    browser.submit(f"{path}/deliver")
    assert "There is no file yet" in browser.get(path).text
    assert row_of(tenant, order).delivered_at is None


def test_a_file_larger_than_the_limit_is_refused_before_it_is_stored(client_with, tenant, order) -> None:
    app = client_with(max_upload_bytes=20_000).application
    browser = sign_in(app, make_operator(tenant, Role.EXPERT))
    path = work_of(tenant, order)
    token = browser.token(path)
    reply = browser.client.post(
        f"{path}/files", data={"csrf_token": token, "file": (io.BytesIO(files.PDF + b"x" * 200_000), "a.pdf")}
    )
    assert reply.status_code == 413
    assert "This file is too large" in reply.text
    assert upload(browser, path, files.PDF + b"x" * 30_000, "b.pdf").status_code == 303
    assert "This file is too large" in browser.get(path).text


def test_no_long_form_is_read_from_who_may_not_upload(app, tenant, order) -> None:
    path = work_of(tenant, order)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    token = viewer.token()
    long = {"csrf_token": token, "file": (io.BytesIO(files.PDF + b"x" * 300_000), "a.pdf")}
    assert viewer.client.post(f"{path}/files", data=long).status_code == 413
    assert files.all_files(tenant) == []


def test_names_and_answers_of_strangers_are_shown_as_text(browser, tenant) -> None:
    files.promise(tenant, "mystique", "lecture")
    opened = refunds.pay(
        tenant,
        customer_name="<script>alert(1)</script>",
        metadata={"birth <b>": "<img src=x onerror=alert(1)>"},
    )
    path = work_of(tenant, load_order(tenant, opened.order_number))
    upload(browser, path, name='"><svg onload=alert(1)>.pdf')
    page = browser.get(path).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert not re.search(r"<(script>|img src=x|svg|b>)", page)


def test_an_expert_sees_nothing_but_the_work(app, tenant, browser, order) -> None:
    assert browser.get("/dashboard").headers["Location"] == queue_of(tenant)
    page = browser.get(queue_of(tenant)).text
    links = set(re.findall(rf'href="(/dashboard/{tenant.slug}[^"]*)"', page))
    assert {link for link in links if not link.startswith(queue_of(tenant))} == set()
    for path in ("", "/orders", f"/orders/{order.order_number}", "/alerts", "/team", "/keys"):
        assert browser.get(f"/dashboard/{tenant.slug}{path}").status_code == 403, path
    work = browser.get(work_of(tenant, order)).text
    assert order.customer_email not in work


def test_a_viewer_looks_and_changes_nothing_and_another_team_finds_nothing(
    app, tenant, other_tenant, order
) -> None:
    path = work_of(tenant, order)
    viewer, stranger = (
        sign_in(app, make_operator(*who)) for who in ((tenant, Role.VIEWER), (other_tenant, Role.EXPERT))
    )
    page = viewer.get(path)
    assert page.status_code == 200
    assert f'action="{path}' not in page.text
    foreign = path.replace(tenant.slug, other_tenant.slug)
    assert stranger.get(foreign).status_code == 404
    assert order.order_number not in stranger.get(queue_of(other_tenant)).text
    for action in ("claim", "return", "files", "deliver"):
        assert viewer.submit(f"{path}/{action}").status_code == 403
        assert stranger.submit(f"{path}/{action}").status_code == 404
    for action in ("claim", "return", "deliver"):
        assert stranger.submit(f"{foreign}/{action}").status_code == 404
    assert upload(stranger, queue_of(other_tenant), files.PDF).status_code in (404, 405)
    assert row_of(tenant, order).claimed_by is None


def test_a_file_of_another_deliverable_is_not_shown(browser, tenant, order) -> None:
    files.upload(tenant, order)
    [file] = files.all_files(tenant)
    other = files.buy(tenant)
    assert browser.get(f"{work_of(tenant, order)}/files/{file.id}").status_code == 200
    assert browser.get(f"{work_of(tenant, other)}/files/{file.id}").status_code == 404


def test_without_work_the_page_says_what_will_appear(browser, tenant) -> None:
    assert "No deliverable is waiting." in browser.get(queue_of(tenant)).text
    assert (
        "A deliverable appears here as soon as a paid order promises one."
        in browser.get(queue_of(tenant)).text
    )
    assert "You work on no deliverable." in browser.get(f"{queue_of(tenant)}?queue=mine").text
