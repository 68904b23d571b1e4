"""Links expire, are revoked and are renewed by e-mail; an invalid link reveals nothing."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from config.settings import RateLimits, Settings
from lumira import link_tokens
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.link_tokens import LinkAddress
from lumira.logging import redact_text
from lumira.models import AccessLink, Customer, MessageKind, OutboxMessage
from lumira.models.columns import uuid7
from lumira.notifications import relay
from lumira.repositories.customers import access_links, customers
from lumira.repositories.customers.access_links import LIFETIME
from lumira.services.access.manage_links import revoke_links
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.privacy.erase_customer import erase_customer
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.portal_pages import PUBLIC_URL, fields, path_of, reached_at, request_link, words
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def public() -> Iterator[None]:
    with reached_at():
        yield


@pytest.fixture
def page(tenant: Brand) -> str:
    """The path of a portal with a purchase."""
    pay(tenant)
    return path_of(tenant)


def end(brand: Brand) -> None:
    """Expire every link of the brand."""
    long_ago = utc_now() - LIFETIME * 2
    with atomic(brand.id):
        db.session.execute(
            update(AccessLink)
            .where(AccessLink.tenant_id == brand.id)
            .values(created_at=long_ago, expires_at=long_ago + LIFETIME)
        )


def customer_of(brand: Brand, address: str = BUYER) -> Customer:
    with atomic(brand.id):
        return customers.get_current(brand.id, address)


def asked(brand: Brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        query = select(OutboxMessage).where(OutboxMessage.kind == MessageKind.ACCESS_LINK)
        return list(db.session.execute(query.order_by(OutboxMessage.id)).scalars())


def mails(brand: Brand, settings: Settings) -> list[str]:
    """The plain text of every sent message with a new link."""
    relay.relay(brand.id)
    found = []
    for message in asked(brand):
        path = settings.instance_path / "outbox" / f"{message.id}.eml"
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert mail["To"] == BUYER
        found.append(mail.get_body(("plain",)).get_content())
    return found


def test_a_link_opens_the_portal_until_it_expires(client: FlaskClient, page: str) -> None:
    with time_machine.travel(utc_now() + LIFETIME - timedelta(minutes=1)):
        assert client.get(page).status_code == 200
    with time_machine.travel(utc_now() + LIFETIME + timedelta(minutes=1)):
        reply = client.get(page)
    assert (reply.status_code, reply.mimetype) == (410, "text/html")
    assert "Ce lien n’est plus valable" in words(reply)


def test_an_expired_link_shows_and_serves_nothing(client, tenant, page) -> None:
    number = re.search(r"[0-9A-Z]{8}-[0-9A-Z]{10}", words(client.get(page)))
    assert number is not None
    end(tenant)
    reply = client.get(page)
    assert number[0] not in words(reply)
    assert "Mystique" not in words(reply)
    assert client.get(f"{page}/files/{uuid7()}").status_code == 410


def test_one_button_sends_a_new_link_to_the_buyer(client, tenant, settings, page) -> None:
    end(tenant)
    reply = request_link(client, page)
    assert reply.status_code == 200
    assert "un nouveau arrive" in words(reply)
    assert [entry.actor for entry in audited(tenant, "access_link_requested")] == ["buyer"]

    [mail] = mails(tenant, settings)
    [url] = re.findall(rf"{PUBLIC_URL}(/my/\S+)", mail)
    assert url != page
    assert "Niveau Mystique" in words(client.get(url))
    # The old link stays expired.
    assert client.get(page).status_code == 410


def test_the_message_and_the_page_are_in_the_buyers_language(client, tenant, settings, page) -> None:
    with atomic(tenant.id):
        db.session.execute(update(Customer).values(locale="en"))
    end(tenant)
    assert "This link is no longer valid" in words(client.get(page))
    assert "a new one arrives" in words(request_link(client, page))
    [mail] = mails(tenant, settings)
    assert "Here is the new link that you asked for." in mail


def test_repeated_requests_send_one_message(client, tenant, page) -> None:
    end(tenant)
    shown = {words(request_link(client, page)) for _ in range(5)}
    assert len(shown) == 1
    assert len(asked(tenant)) == 1
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        request_link(client, page)
    assert len(asked(tenant)) == 2
    assert len({message.subject for message in asked(tenant)}) == 2


def test_at_most_four_links_a_day_are_sent(client, tenant, page) -> None:
    end(tenant)
    for hour in range(12):
        with time_machine.travel(utc_now() + timedelta(hours=hour)):
            request_link(client, page)
    assert len(asked(tenant)) == 4
    with time_machine.travel(utc_now() + timedelta(hours=30)):
        request_link(client, page)
    assert len(asked(tenant)) == 5


def test_a_new_order_does_not_reset_the_daily_limit_of_its_buyer(client, tenant, page) -> None:
    end(tenant)
    for hour in range(6):
        with time_machine.travel(utc_now() + timedelta(hours=hour)):
            if hour == 3:
                open_payment(tenant, level=1)
            request_link(client, page)
    assert len(asked(tenant)) == 4


def test_requests_of_one_network_are_limited(client_with: Callable[..., FlaskClient], tenant, page) -> None:
    many = "1000 per minute"
    client = client_with(rate_limits=RateLimits(enabled=True, per_key=many, per_address=many, per_email=many))
    # Creating another application reconfigured the links.
    with reached_at():
        end(tenant)
        form = fields(client.get(page))
        statuses = [client.post(f"{page}/renewals", data=form).status_code for _ in range(22)]
        assert statuses == [200] * 20 + [429] * 2
        refused = client.post(f"{page}/renewals", data=form)
    assert refused.mimetype == "text/html"
    assert int(refused.headers["Retry-After"]) > 0


def test_the_form_works_only_on_its_own_page(client, tenant, other_tenant, page) -> None:
    pay(other_tenant)
    end(tenant)
    elsewhere = fields(client.get(path_of(other_tenant, now=utc_now() - LIFETIME / 2 - timedelta(days=1))))
    assert "form" in elsewhere
    for sent in ({}, {"form": ""}, {"form": "made-up"}, elsewhere):
        reply = client.post(f"{page}/renewals", data=sent)
        assert (reply.status_code, reply.mimetype) == (403, "text/html")
    assert asked(tenant) == []


def test_an_expired_form_asks_to_be_sent_again(client, tenant, page) -> None:
    end(tenant)
    old = fields(client.get(page))
    with time_machine.travel(utc_now() + timedelta(days=1)):
        reply = client.post(f"{page}/renewals", data=old)
        assert reply.status_code == 403
        assert asked(tenant) == []
        assert client.post(f"{page}/renewals", data=fields(reply)).status_code == 200
    assert len(asked(tenant)) == 1


def test_the_reply_does_not_reveal_whether_the_link_has_an_owner(client, tenant, page) -> None:
    end(tenant)
    form = fields(client.get(page))
    known = client.post(f"{page}/renewals", data=form)
    with atomic(tenant.id):
        access_links.remove(tenant.id, [customer_of_row(tenant)])
    unknown = client.post(f"{page}/renewals", data=form)
    assert (known.status_code, words(known)) == (unknown.status_code, words(unknown))
    assert known.headers["Content-Language"] == unknown.headers["Content-Language"]
    assert len(asked(tenant)) == 1


def customer_of_row(brand: Brand):
    return db.session.execute(select(Customer.id).where(Customer.tenant_id == brand.id)).scalar_one()


def test_an_oversized_form_is_not_read(client, page) -> None:
    reply = client.post(f"{page}/renewals", data={"form": "x" * 10_000})
    assert (reply.status_code, reply.mimetype) == (413, "text/html")


def test_a_link_past_half_of_its_lifetime_can_be_renewed(client, tenant, page) -> None:
    assert fields(client.get(page)) == {}
    with time_machine.travel(utc_now() + LIFETIME / 2 + timedelta(days=1)):
        assert request_link(client, page).status_code == 200
        assert len(asked(tenant)) == 1
        assert path_of(tenant) != page
        assert client.get(page).status_code == 200


def test_a_revoked_link_opens_nothing_and_the_next_message_has_a_new_one(
    client, tenant, settings, page
) -> None:
    assert revoke_links(tenant.id, BUYER, actor="operator") == 1
    assert client.get(page).status_code == 410
    request_link(client, page)
    [mail] = mails(tenant, settings)
    [url] = re.findall(rf"{PUBLIC_URL}(/my/\S+)", mail)
    assert client.get(url).status_code == 200


def test_a_merged_customer_is_sent_a_link_to_all_purchases(client, tenant, page) -> None:
    pay(tenant, "intuitive", customer_email="other@example.com")
    source, target = customer_of(tenant), customer_of(tenant, "other@example.com")
    merge_customers(tenant.id, source.id, target.id, actor="operator")
    reply = client.get(page)
    assert reply.status_code == 410
    assert "Mystique" not in words(reply)
    request_link(client, page)
    assert len(asked(tenant)) == 1
    shown = words(client.get(path_of(tenant)))
    assert "Mystique" in shown
    assert "Intuitive" in shown


def test_all_invalid_links_get_the_same_page(client, tenant, other_tenant, page) -> None:
    """Changed, invented and removed links, and links on another brand's domain."""
    never = link_tokens.sign(LinkAddress(tenant.id, uuid7()))
    nobodys = link_tokens.sign(LinkAddress(2**31 - 1, uuid7()))
    own = page.removeprefix("/my/")
    foreign = LinkAddress(other_tenant.id, link_tokens.read(own).link_id)  # type: ignore[union-attr]
    tokens = [
        f"{own[:-1]}{'A' if own[-1] != 'A' else 'B'}",
        f"B{own[1:]}" if own[0] != "B" else f"C{own[1:]}",
        own[:-1],
        "x",
        "x" * 3000,
        "été",
        "%00",
        never,
        nobodys,
        link_tokens.sign(foreign),
    ]
    replies = [client.get(f"/my/{token}") for token in tokens]
    replies.append(client.get(page, headers={"Host": other_tenant.domain}))
    replies.append(client.get(f"/my/{never}/files/{uuid7()}"))
    replies.append(client.post(f"/my/{never}/renewals", data={"form": "x"}))
    erase_customer(tenant.id, BUYER, actor="operator")
    replies.append(client.get(page))
    replies.append(client.get(f"{page}/files/{uuid7()}"))
    for reply in replies:
        assert (reply.status_code, reply.mimetype) == (404, "text/html")
        assert tenant.name not in words(reply)
        assert other_tenant.name not in words(reply)
    [shown] = {words(reply) for reply in replies}
    assert shown.startswith("Ce lien ne mène nulle part Vérifiez")


def test_a_link_works_on_its_brands_own_domain(client, tenant, page) -> None:
    assert client.get(page, headers={"Host": tenant.domain}).status_code == 200


def test_an_unbranded_page_is_in_the_browsers_language(client) -> None:
    for accepted, expected in (
        ("en-GB,en;q=0.9", "en"),
        ("de", "fr"),
        ("fr;q=0.5, en;q=0.9", "en"),
        ("", "fr"),
    ):
        reply = client.get("/my/nothing", headers={"Accept-Language": accepted})
        assert reply.headers["Content-Language"] == expected


@pytest.mark.parametrize("path", ["/my", "/my/", "/my/a/b/c", "/my/a/files/not-an-id"])
def test_every_unknown_path_is_a_page_too(client, path) -> None:
    reply = client.get(path, follow_redirects=True)
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_links_are_not_logged(client, tenant, page, capsys) -> None:
    token = page.removeprefix("/my/")
    end(tenant)
    client.get(page)
    client.get(f"{page}/files/{uuid7()}")
    request_link(client, page)
    client.get(f"{page}x")
    relay.relay(tenant.id)
    written = capsys.readouterr()
    assert "/my/<token>" in written.err
    assert token not in written.err + written.out


def test_links_are_not_stored(client, tenant, page) -> None:
    request_link(client, page)
    relay.relay(tenant.id)
    signature = page.rsplit(".", 1)[1]
    with atomic(tenant.id):
        for table in db.metadata.sorted_tables:
            rows = db.session.execute(table.select()).all()
            assert signature not in repr(rows), table.name


def test_messages_composed_twice_contain_the_same_link(tenant, page) -> None:
    assert {path_of(tenant) for _ in range(3)} == {page}
    assert count(tenant, AccessLink) == 1


def test_the_confirmation_links_to_the_portal(client, tenant, settings) -> None:
    opened = pay(tenant)
    order = load_order(tenant, opened.order_number)
    relay.relay(tenant.id)
    [message] = [each for each in order.messages if each.kind is MessageKind.ORDER_CONFIRMATION]
    path = settings.instance_path / "outbox" / f"{message.id}.eml"
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    for part in ("plain", "html"):
        found = re.findall(rf"{PUBLIC_URL}(/my/[\w.-]+)", mail.get_body((part,)).get_content())
        assert set(found) == {path_of(tenant)}
    assert opened.order_number in words(client.get(found[0]))


def test_without_a_public_url_messages_have_no_link(tenant, settings) -> None:
    with reached_at(None):
        order = load_order(tenant, pay(tenant).order_number)
        relay.relay(tenant.id)
    [message] = [each for each in order.messages if each.kind is MessageKind.ORDER_CONFIRMATION]
    path = settings.instance_path / "outbox" / f"{message.id}.eml"
    assert b"/my/" not in path.read_bytes()
    assert count(tenant, AccessLink) == 0


def test_the_web_servers_log_hides_links_too(page) -> None:
    line = f'127.0.0.1 - - "GET {page}/files/1?x=1 HTTP/1.1" 200'
    assert redact_text(line) == '127.0.0.1 - - "GET /my/[redacted]/files/1?x=1 HTTP/1.1" 200'
    assert redact_text("route /my/<token>/renewals, /my/assets/page.css") == (
        "route /my/<token>/renewals, /my/assets/page.css"
    )


def test_messages_composed_concurrently_contain_the_same_link(app: Flask, tenant, page) -> None:
    end(tenant)
    customer_id = customer_of(tenant).id
    together = Barrier(4)

    def write(_: int) -> UUID:
        with app.app_context():
            together.wait(timeout=60)
            with atomic(tenant.id):
                return access_links.get_or_create(tenant.id, customer_id, utc_now()).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write, range(4)))) == 1
    assert count(tenant, AccessLink) == 2


def test_revoking_waits_for_a_link_that_is_being_created_and_revokes_it_too(
    app: Flask, tenant: Brand, client: FlaskClient, page: str
) -> None:
    customer_id = customer_of(tenant).id

    def revoke() -> int:
        with app.app_context():
            return revoke_links(tenant.id, BUYER, actor="operator")

    with ThreadPoolExecutor(1) as pool:
        with atomic(tenant.id):
            # By then the first link is too old for a new message.
            made = access_links.get_or_create(tenant.id, customer_id, utc_now() + LIFETIME * 2 / 3)
            revoking = pool.submit(revoke)
            with pytest.raises(TimeoutError):
                revoking.result(timeout=1)
        assert revoking.result(timeout=60) == 2

    with atomic(tenant.id):
        holder = access_links.find_link_owner(tenant.id, made.id)
        assert holder is not None
        assert holder.link.revoked_at is not None
    assert client.get(page).status_code == 410
