"""Messages: what was sent and what was not, why, what it says, and how it is sent again."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update

from lumira.database import atomic, db
from lumira.models import Language, MessageKind, MessageStatus, Order, OutboxMessage, Role
from lumira.models.columns import uuid7_from
from lumira.notifications import relay
from lumira.repositories.alerts import alerts
from lumira.repositories.orders import order_search
from lumira.services.messages import retry_messages
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.refunds import alerts_of, audited, pay
from tests.support.statements import noted_statements

pytestmark = pytest.mark.usefixtures("app_context")


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/messages"


def confirmation(brand: Brand, **sale: object) -> OutboxMessage:
    """The confirmation of a paid order, not yet sent."""
    [message] = load_order(brand, pay(brand, **sale).order_number).messages
    return message


def made_dead(brand: Brand, message: OutboxMessage, error: str, reason: str = "not_sent") -> None:
    with atomic(brand.id):
        changed = {"status": MessageStatus.DEAD, "last_error": error, "attempts": 28}
        db.session.execute(update(OutboxMessage).where(OutboxMessage.id == message.id).values(**changed))
        alerts.raise_alert(brand.id, kind="message_dead", subject=str(message.id), reason=reason)


def loaded(brand: Brand, message: OutboxMessage) -> OutboxMessage:
    with atomic(brand.id):
        return db.session.get_one(OutboxMessage, (brand.id, message.id))


def add_messages(brand: Brand, number: int, **columns: object) -> list[UUID]:
    """Insert so many copies of one message, each of another subject, oldest first."""
    order = load_order(brand, open_payment(brand).order_number)
    now = datetime.now(UTC) - timedelta(days=1)
    values = {
        "tenant_id": brand.id,
        "order_id": order.id,
        "kind": MessageKind.PAYMENT_FAILED,
        "status": MessageStatus.DEAD,
        "attempts": 28,
        "next_attempt_at": now,
        "resends": 0,
        "created_at": now,
        "updated_at": now,
    } | columns
    rows = [
        values | {"id": uuid7_from(now + timedelta(seconds=each)), "subject": f"s{each}"}
        for each in range(number)
    ]
    with atomic(brand.id):
        db.session.execute(insert(OutboxMessage), rows)
    return [row["id"] for row in rows]


def listed(page: str) -> list[UUID]:
    return [UUID(each) for each in re.findall(r'messages/([0-9a-f-]{36})" aria-label', page)]


def test_without_a_message_the_page_says_what_will_appear_and_how(browser, tenant) -> None:
    page = browser.get(path_of(tenant)).text
    assert "No message yet." in page
    assert "A message appears here as soon as an order needs one" in page
    assert "No message matches." in browser.get(f"{path_of(tenant)}?state=dead").text


def test_messages_are_found_by_order_address_state_and_kind(browser, tenant) -> None:
    first = confirmation(tenant, customer_email="ana@example.com")
    second = confirmation(tenant, customer_email="ben@example.com")
    [failed] = add_messages(tenant, 1)
    with atomic(tenant.id):
        number = db.session.get_one(Order, (tenant.id, first.order_id)).order_number
    for query, expected in {
        "": {first.id, second.id, failed},
        f"q={number.lower()}": {first.id},
        "q=ANA@example.com": {first.id},
        "q=nobody@example.com": set(),
        "state=dead": {failed},
        "state=pending": {first.id, second.id},
        "kind=order_confirmation": {first.id, second.id},
        "kind=payment_failed&state=dead": {failed},
        "kind=payment_failed&state=sent": set(),
        "kind=nothing&state=nothing&after=nothing": {first.id, second.id, failed},
    }.items():
        assert set(listed(browser.get(f"{path_of(tenant)}?{query}").text)) == expected, query


def test_a_text_that_many_orders_match_says_that_only_the_newest_are_searched(
    browser, tenant, monkeypatch
) -> None:
    monkeypatch.setattr(order_search, "MAX_SEARCHED", 2)
    made = [confirmation(tenant, customer_name="Ana Dupont") for _ in range(3)]
    page = browser.get(f"{path_of(tenant)}?q=dupont").text
    assert set(listed(page)) == {each.id for each in made[1:]}
    assert "Only the 2 newest orders that match were searched." in page
    assert "were searched" not in browser.get(path_of(tenant)).text


@pytest.mark.parametrize("query", ["", "state=dead", "kind=payment_failed", "q=buyer@example.com"])
def test_ten_thousand_messages_are_paged_without_a_gap_by_one_query_a_page(browser, tenant, query) -> None:
    ids = add_messages(tenant, 10_000)
    seen: list[UUID] = []
    path = f"{path_of(tenant)}?{query}"
    for _ in range(3):
        with noted_statements() as noted:
            sent = noted.made_by(partial(browser.get, path))
        page = browser.get(path).text
        assert len([each for each in sent if "SELECT outbox_messages." in each]) == 1
        seen += listed(page)
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    assert seen == ids[::-1][:150]


def test_a_message_that_was_not_delivered_says_why_and_what_to_do_in_the_operators_language(
    app, tenant
) -> None:
    refused, unsent = confirmation(tenant), confirmation(tenant)
    made_dead(tenant, refused, "550 <b>no such user</b>", "undeliverable")
    made_dead(tenant, unsent, "Traceback (most recent call last):\n  secret line\nTimeoutError: slow")
    for language, words in (
        (Language.ENGLISH, ("The address is refused", "did not accept the message for a day")),
        (Language.FRENCH, ("L’adresse est refusée", "n’a pas accepté le message pendant un jour")),
    ):
        reader = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        pages = [reader.get(f"{path_of(tenant)}/{message.id}").text for message in (refused, unsent)]
        assert [word in page for word, page in zip(words, pages, strict=True)] == [True, True]
        assert "550 &lt;b&gt;no such user&lt;/b&gt;" in pages[0]
        assert "TimeoutError: slow" in pages[1]
        assert "/resend" not in "".join(pages)


def test_a_message_is_sent_again_and_its_alert_is_resolved(browser, tenant, owner) -> None:
    message = confirmation(tenant)
    made_dead(tenant, message, "451 later")
    page = f"{path_of(tenant)}/{message.id}"
    assert f'action="{page}/resend"' in browser.get(page).text
    reply = browser.submit(f"{page}/resend", page=page)
    assert reply.headers["Location"] == page
    assert "The message is sent within seconds." in browser.get(page).text
    assert loaded(tenant, message).status is MessageStatus.PENDING
    assert alerts_of(tenant) == []
    relay.relay(tenant.id)
    assert loaded(tenant, message).status is MessageStatus.SENT
    assert audited(tenant, "message_resent")[0].actor == owner.actor


def test_an_order_and_an_alert_lead_to_the_message(browser, tenant) -> None:
    message = confirmation(tenant)
    made_dead(tenant, message, "451 later")
    with atomic(tenant.id):
        number = db.session.get_one(Order, (tenant.id, message.order_id)).order_number
    for page in ("alerts", f"orders/{number}"):
        text = browser.get(f"/dashboard/{tenant.slug}/{page}").text
        assert f'href="{path_of(tenant)}/{message.id}"' in text


def test_a_message_that_is_no_longer_true_is_not_sent_again(browser, tenant) -> None:
    [message_id] = add_messages(tenant, 1)
    page = f"{path_of(tenant)}/{message_id}"
    browser.submit(f"{page}/resend", page=page)
    text = browser.get(page).text
    assert "The message is not sent again." in text
    assert "No preview: the message is no longer true of the order" in text


def test_the_page_shows_the_email_in_a_frame_that_can_do_nothing(browser, tenant) -> None:
    message = confirmation(tenant)
    page = browser.get(f"{path_of(tenant)}/{message.id}")
    [frame] = re.findall(r"<iframe[^>]*>", page.text)
    assert ' sandbox src="' in frame
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    email = browser.get(re.search(r'src="([^"]+)"', frame)[1])
    policy = email.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; ")
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert email.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert email.headers["Cache-Control"] == "no-store"
    assert "<h1" in email.text
    assert "<head><style>a { pointer-events: none }</style>" in email.text
    assert "frame-src" not in browser.get(path_of(tenant)).headers["Content-Security-Policy"]


def test_what_strangers_wrote_is_shown_as_text(browser, tenant) -> None:
    evil = '"><script>alert(1)</script>'
    message = confirmation(tenant, customer_name=evil)
    made_dead(tenant, message, f"550 {evil}\n{evil}")
    with atomic(tenant.id):
        db.session.execute(update(OutboxMessage).values(subject=evil))
    for path in (path_of(tenant), f"{path_of(tenant)}/{message.id}", f"{path_of(tenant)}?q={evil}"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_undelivered_messages_are_sent_again_together_after_their_number_was_shown(
    browser, tenant, owner
) -> None:
    ids = add_messages(tenant, 120)
    [other] = [confirmation(tenant)]
    made_dead(tenant, other, "451 later")
    page = browser.get(f"{path_of(tenant)}/retry").text
    assert "121 messages will be sent again:" in page
    assert "failed payment: 120" in page
    assert "confirmation: 1" in page
    until = re.search(r'name="until" value="([^"]+)"', page)[1]
    [later] = [confirmation(tenant, customer_email="later@example.com")]
    made_dead(tenant, later, "451 later")

    browser.submit(f"{path_of(tenant)}/retry", until=until, kind="")

    assert "Messages to send again: 121." in browser.get(path_of(tenant)).text
    assert loaded(tenant, other).status is MessageStatus.PENDING
    assert loaded(tenant, later).status is MessageStatus.DEAD
    assert {entry.actor for entry in audited(tenant, "message_retried")} == {owner.actor}
    assert len(audited(tenant, "message_retried")) == 121
    browser.submit(f"{path_of(tenant)}/retry", until=until, kind="")
    assert "Messages to send again: 0." in browser.get(path_of(tenant)).text
    history = browser.get(f"{path_of(tenant)}/{ids[0]}").text
    assert f"sent again with the undelivered messages, {owner.email}" in history


def test_one_form_sends_a_bounded_number_of_one_kind_the_oldest_first(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(retry_messages, "MOST_RETRIED", 5)
    ids = add_messages(tenant, 7)
    made_dead(tenant, confirmation(tenant), "451 later")
    page = browser.get(f"{path_of(tenant)}/retry?kind=payment_failed").text
    assert "5 messages will be sent again:" in page
    assert "There are more" in page
    until = re.search(r'name="until" value="([^"]+)"', page)[1]
    browser.submit(f"{path_of(tenant)}/retry", until=until, kind="payment_failed")
    assert [str(each.kind) for each in _dead(tenant)] == [
        "payment_failed",
        "payment_failed",
        "order_confirmation",
    ]
    assert [each.id for each in _dead(tenant)][:2] == ids[5:]


def _dead(brand: Brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        query = db.select(OutboxMessage).where(OutboxMessage.status == MessageStatus.DEAD)
        return list(db.session.execute(query.order_by(OutboxMessage.id)).scalars())


def test_nothing_to_send_again_says_so(browser, tenant) -> None:
    assert "No message waits" in browser.get(f"{path_of(tenant)}/retry").text
    assert browser.submit(f"{path_of(tenant)}/retry").status_code == 400


def test_a_viewer_sends_nothing_and_another_team_sees_nothing(app, tenant, other_tenant) -> None:
    message = confirmation(tenant)
    made_dead(tenant, message, "451 later")
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    stranger = sign_in(app, make_operator(other_tenant))
    assert BUYER in viewer.get(path_of(tenant)).text
    assert "/retry" not in viewer.get(f"{path_of(tenant)}?state=dead").text
    assert viewer.get(f"{path_of(tenant)}/retry").status_code == 403
    assert viewer.submit(f"{path_of(tenant)}/{message.id}/resend").status_code == 403
    assert viewer.submit(f"{path_of(tenant)}/retry", until=str(message.id)).status_code == 403
    assert listed(stranger.get(path_of(other_tenant)).text) == []
    for path in (f"/{message.id}", f"/{message.id}/preview", f"/{uuid4()}"):
        assert stranger.get(f"{path_of(other_tenant)}{path}").status_code == 404
    assert stranger.submit(f"{path_of(other_tenant)}/{message.id}/resend").status_code == 404
    stranger.submit(f"{path_of(other_tenant)}/retry", until=str(message.id))
    assert loaded(tenant, message).status is MessageStatus.DEAD
