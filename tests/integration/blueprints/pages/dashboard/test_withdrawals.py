"""Withdrawals: the nearest deadline first, decided with open eyes, and recorded once."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from sqlalchemy import insert, select

from lumira.database import atomic, db
from lumira.models import Language, Order, Role, Withdrawal, WithdrawalPolicy, WithdrawalVia
from lumira.models.columns import uuid7
from lumira.repositories.tenants import tenants
from lumira.services.withdrawals.withdraw import record_statement
from tests.support import refunds
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, load_order, pending_messages
from tests.support.parcels import ship
from tests.support.statements import noted_statements

pytestmark = pytest.mark.usefixtures("app_context")


def list_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/withdrawals"


def withdraw(brand: Brand, number: str, *, ago: timedelta = timedelta(), reason: str | None = None) -> Order:
    order = load_order(brand, number)
    at = datetime.now(UTC) - ago
    record_statement(brand.id, order.id, requested_at=at, reason=reason, actor="test")
    return load_order(brand, number)


def withdrawn(brand: Brand, product: str = "mystique", **sale) -> Order:
    return withdraw(brand, refunds.pay(brand, product, **sale).order_number)


def hidden(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def decide(browser: OperatorBrowser, brand: Brand, order: Order, action: str, **fields: str):
    """Open the page of the decision and send one of its forms."""
    path = f"{list_of(brand)}/{order.order_number}"
    seen = hidden(browser.get(path).text, "seen")
    return browser.submit(f"{path}/{action}", page=path, **({"seen": seen} | fields))


def test_without_a_withdrawal_the_page_says_what_will_appear(app, tenant) -> None:
    words = {
        Language.ENGLISH: ("No withdrawal waits for a decision.", "A withdrawal appears here as soon as"),
        Language.FRENCH: ("Aucune rétractation n’attend de décision.", "Une rétractation apparaît ici dès"),
    }
    for language, texts in words.items():
        viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        page = viewer.get(list_of(tenant)).text
        assert all(text in page for text in texts)
        assert "/record" not in page
        assert viewer.get(f"{list_of(tenant)}?state=decided").status_code == 200


def test_those_that_wait_are_listed_by_the_deadline_with_the_days_that_remain(browser, tenant) -> None:
    late, soon = (refunds.pay(tenant).order_number for _ in range(2))
    withdraw(tenant, soon)
    withdraw(tenant, late, ago=timedelta(days=16))
    page = browser.get(list_of(tenant)).text
    assert page.index(late) < page.index(soon)
    assert "2 days ago" in page
    assert "in 14 days" in page
    assert "1 × Niveau Mystique" in page
    assert "recorded by the team" in page


def test_the_page_of_a_decision_says_what_is_refunded_before_it_is_accepted(browser, tenant, owner) -> None:
    order = withdrawn(tenant)
    page = browser.get(f"{list_of(tenant)}/{order.order_number}").text
    payment_id = order.payments[0].stripe_payment_intent_id
    assert f"€47.00 is refunded automatically, within a minute, on the payment {payment_id}" in page
    assert refunds.list_stripe_refunds(tenant) == []

    reply = decide(browser, tenant, order, "accept")

    assert "The withdrawal is accepted" in browser.get(reply.headers["Location"]).text
    refunds.run_sweep(tenant)
    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [4700]
    assert [entry.actor for entry in refunds.audited(tenant, "withdrawal_accepted")] == [owner.actor]
    page = browser.get(list_of(tenant)).text
    assert "No withdrawal waits for a decision." in page
    assert f"{list_of(tenant)}/{order.order_number}" in page


def test_of_a_part_only_its_price_is_announced_and_refunded(browser, tenant) -> None:
    order = load_order(tenant, refunds.pay(tenant, "shirt", quantity=3).order_number)
    [line] = order.lines
    path = f"{list_of(tenant)}/record"
    checked = browser.get(f"{path}?order={order.order_number.lower()}").text
    assert "You decide afterwards" in checked
    fields = {"order": order.order_number, "seen": hidden(checked, "seen"), "units-0": "1"}
    reply = browser.submit(path, **fields)
    page = browser.get(reply.headers["Location"]).text
    assert "The withdrawal is recorded" in page
    announced = f"€{line.unit_amount / 100:.2f} is refunded automatically"
    assert announced in page
    decide(browser, tenant, order, "accept")
    refunds.run_sweep(tenant)
    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [line.unit_amount]


def test_while_the_payment_is_disputed_nothing_is_announced(browser, tenant) -> None:
    opened = refunds.pay(tenant)
    order = withdraw(tenant, opened.order_number)
    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    page = browser.get(f"{list_of(tenant)}/{order.order_number}").text
    assert "An open dispute withholds the money" in page
    assert "is refunded automatically" not in page


def test_a_withdrawal_is_accepted_only_after_a_recent_confirmation(browser, tenant) -> None:
    order = withdrawn(tenant)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        reply = decide(browser, tenant, order, "accept")
    assert reply.headers["Location"].startswith("/dashboard/-/confirm?next=")
    assert load_order(tenant, order.order_number).withdrawals[0].is_waiting


def test_a_withdrawal_that_arrives_after_the_page_was_read_is_not_accepted_with_it(browser, tenant) -> None:
    order = load_order(tenant, refunds.pay(tenant, "shirt", quantity=3).order_number)

    def one_more() -> None:
        record_statement(
            tenant.id,
            order.id,
            requested_at=datetime.now(UTC),
            reason=None,
            actor="test",
            units={order.lines[0].id: 1},
        )

    one_more()
    path = f"{list_of(tenant)}/{order.order_number}"
    seen = hidden(browser.get(path).text, "seen")
    one_more()
    for fields in ({"seen": seen}, {"seen": ""}, {"seen": "x.y"}, {}):
        browser.submit(f"{path}/accept", page=path, **fields)
        assert "The buyer has withdrawn from something else meanwhile" in browser.get(path).text
    assert all(each.is_waiting for each in load_order(tenant, order.order_number).withdrawals)


def test_a_withdrawal_is_refused_with_an_explanation_once(browser, tenant) -> None:
    order = withdrawn(tenant)
    path = f"{list_of(tenant)}/{order.order_number}"
    seen = hidden(browser.get(path).text, "seen")
    browser.submit(f"{path}/refuse", page=path, seen=seen, note="It was made for you.\x00")
    assert "The withdrawal is refused" in browser.get(path).text
    assert load_order(tenant, order.order_number).withdrawals[0].decision_note == "It was made for you."
    browser.submit(f"{path}/refuse", page=path, seen=seen, note="Again.")
    assert "No withdrawal waits for a decision" in browser.get(path).text
    assert "It was made for you." in browser.get(f"{list_of(tenant)}?state=decided").text


def test_a_statement_by_letter_counts_from_the_day_it_was_sent(browser, tenant, owner) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    path = f"{list_of(tenant)}/record"
    checked = browser.get(f"{path}?order={order.order_number}&received={day}").text
    reason = '"><script>alert(1)</script>'
    browser.submit(
        path,
        order=order.order_number,
        received=day,
        reason=reason,
        seen=hidden(checked, "seen"),
        **{"units-0": "1"},
    )
    [withdrawal] = load_order(tenant, order.order_number).withdrawals
    assert (withdrawal.via, withdrawal.reason, withdrawal.is_waiting) == (
        WithdrawalVia.OPERATOR,
        reason,
        True,
    )
    assert withdrawal.requested_at < datetime.now(UTC) - timedelta(hours=1)
    assert "withdrawal_acknowledged" in pending_messages(tenant, order.id)
    assert [entry.actor for entry in refunds.audited(tenant, "withdrawal_requested")] == [owner.actor]
    for shown in (list_of(tenant), f"{list_of(tenant)}/{order.order_number}"):
        page = browser.get(shown).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_form_that_is_sent_twice_records_one_statement(browser, tenant) -> None:
    order = load_order(tenant, refunds.pay(tenant, "shirt", quantity=3).order_number)
    path = f"{list_of(tenant)}/record"
    for _ in range(2):
        browser.submit(path, order=order.order_number, seen="0", **{"units-0": "1"})
    assert len(load_order(tenant, order.order_number).withdrawals) == 1


def test_where_no_decision_follows_the_form_says_that_it_refunds_at_once(browser, tenant) -> None:
    with atomic(tenant.id):
        tenants.lock(tenant.id).withdrawal_policy = WithdrawalPolicy.REFUND
    order = load_order(tenant, refunds.pay(tenant).order_number)
    path = f"{list_of(tenant)}/record"
    page = browser.get(f"{path}?order={order.order_number}").text
    assert "Recording it refunds the buyer at once" in page
    assert "€47.00 at most" in page
    reply = browser.submit(path, order=order.order_number, seen="0", **{"units-0": "1"})
    assert "recorded and accepted" in browser.get(reply.headers["Location"]).text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"order": "LUM-0000000000"}, "No order of this shop has this number."),
        ({"order": "é\x00"}, "No order of this shop has this number."),
        ({"received": "yesterday"}, "Write a day as 2026-11-27."),
        ({"received": "2999-01-01"}, "This day is in the future."),
        ({"units-0": "0"}, "Choose at least one item."),
        ({"units-0": "9"}, "Nothing was changed."),
        ({"seen": "3"}, "The buyer has withdrawn from something else meanwhile"),
    ],
)
def test_what_is_wrong_with_the_form_is_said_and_records_nothing(browser, tenant, fields, says) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    path = f"{list_of(tenant)}/record"
    sent = {"order": order.order_number, "seen": "0", "units-0": "1"} | fields
    reply = browser.submit(path, **sent)
    page = reply.text if reply.status_code == 400 else browser.get(reply.headers["Location"]).text
    assert says in page
    assert load_order(tenant, order.order_number).withdrawals == []


def test_why_a_buyer_cannot_withdraw_is_said_before_anything_is_recorded(browser, tenant) -> None:
    order = withdrawn(tenant)
    page = browser.get(f"{list_of(tenant)}/record?order={order.order_number}").text
    assert "The buyer can withdraw from nothing of this order." in page
    assert "withdrawn from already" in page


@pytest.mark.parametrize("is_decided", [False, True])
def test_ten_thousand_withdrawals_are_paged_without_a_gap_by_one_query_a_page(
    browser, tenant, is_decided
) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    now = datetime.now(UTC)
    rows = [
        {
            "tenant_id": tenant.id,
            "id": uuid7(),
            "order_id": order.id,
            "via": WithdrawalVia.PORTAL,
            "reason": f"w-{number:05}",
            # Several of the same time.
            "requested_at": now - timedelta(minutes=number // 70),
            "confirmed_at": now,
            "decision": "accepted" if is_decided else None,
            "decided_at": now - timedelta(minutes=number // 70) if is_decided else None,
            "decision_note": f"w-{number:05}" if is_decided else None,
        }
        for number in range(10_000)
    ]
    with atomic(tenant.id):
        db.session.execute(insert(Withdrawal), rows)
    path, seen = list_of(tenant) + ("?state=decided" if is_decided else ""), []
    for _ in range(4):
        with noted_statements() as noted:
            sent = noted.made_by(partial(browser.get, path))
        page = browser.get(path).text
        assert len([statement for statement in sent if "SELECT withdrawals." in statement]) <= 2
        seen += dict.fromkeys(re.findall(r"w-\d{5}", page))
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    expected = sorted(rows, key=lambda row: (row["requested_at"], row["id"]), reverse=is_decided)
    assert seen == [row["reason"] for row in expected[:200]]


def test_another_team_sees_and_decides_nothing(app, tenant, other_tenant) -> None:
    order = withdrawn(tenant)
    stranger = sign_in(app, make_operator(other_tenant))
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    own = f"{list_of(tenant)}/{order.order_number}"
    foreign = f"{list_of(other_tenant)}/{order.order_number}"
    assert order.order_number not in stranger.get(list_of(other_tenant)).text
    assert (
        "No order of this shop"
        in stranger.get(f"{list_of(other_tenant)}/record?order={order.order_number}").text
    )
    for action in ("accept", "refuse"):
        assert stranger.submit(f"{foreign}/{action}").status_code == 404
        assert viewer.submit(f"{own}/{action}").status_code == 403
    page = viewer.get(own).text
    assert "If you accept" in page
    assert "/accept" not in page
    with atomic(tenant.id):
        assert db.session.execute(select(Withdrawal.decision)).scalar_one() is None


def test_the_proof_that_goods_were_sent_back_is_recorded_on_the_page(app, make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = refunds.pay(brand, "shirt").order_number
    ship(brand, number)
    order = withdraw(brand, number)
    owner = sign_in(app, make_operator(brand, Role.OWNER, language=Language.ENGLISH))
    decide(owner, brand, order, "accept")
    path = f"{list_of(brand)}/{number}"
    assert "The refund waits for the goods" in owner.get(path).text
    owner.submit(f"{path}/proof", page=path)
    assert "The refund waits for the goods" not in owner.get(path).text
    assert [request.amount for request in load_order(brand, number).refund_requests] == [5900]
