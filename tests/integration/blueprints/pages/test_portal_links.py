"""A link ends, is revoked, is renewed by e-mail; one that is not right says nothing of anybody."""

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
from lumira.repositories import access_links, customers
from lumira.repositories.access_links import LIFETIME
from lumira.services.access.manage_links import revoke_links
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.privacy.erase_customer import erase_customer
from tests.support.factories import BUYER, Brand, count, load_order
from tests.support.portal_pages import PUBLIC_URL, ask_anew, fields, path_of, reached_at, words
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def public() -> Iterator[None]:
    with reached_at():
        yield


@pytest.fixture
def page(tenant: Brand) -> str:
    """The path of a page with a purchase on it."""
    pay(tenant)
    return path_of(tenant)


def end(brand: Brand) -> None:
    """Let every link of the brand be over."""
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


def letters(brand: Brand, settings: Settings) -> list[str]:
    """Every letter with a new link that left, in plain text."""
    relay.relay(brand.id)
    found = []
    for message in asked(brand):
        path = settings.instance_path / "outbox" / f"{message.id}.eml"
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert letter["To"] == BUYER
        found.append(letter.get_body(("plain",)).get_content())
    return found


def test_link_opens_the_page_until_its_time_is_over(client: FlaskClient, page: str) -> None:
    with time_machine.travel(utc_now() + LIFETIME - timedelta(minutes=1)):
        assert client.get(page).status_code == 200
    with time_machine.travel(utc_now() + LIFETIME + timedelta(minutes=1)):
        reply = client.get(page)
    assert (reply.status_code, reply.mimetype) == (410, "text/html")
    assert "Ce lien n’est plus valable" in words(reply)


def test_link_that_is_over_shows_nothing_and_gives_nothing(client, tenant, page) -> None:
    number = re.search(r"[0-9A-Z]{8}-[0-9A-Z]{10}", words(client.get(page)))
    assert number is not None
    end(tenant)
    reply = client.get(page)
    assert number[0] not in words(reply)
    assert "Mystique" not in words(reply)
    assert client.get(f"{page}/files/{uuid7()}").status_code == 410


def test_one_button_has_a_new_link_sent_to_the_buyer(client, tenant, settings, page) -> None:
    end(tenant)
    reply = ask_anew(client, page)
    assert reply.status_code == 200
    assert "un nouveau arrive" in words(reply)

    [letter] = letters(tenant, settings)
    [url] = re.findall(rf"{PUBLIC_URL}(/my/\S+)", letter)
    assert url != page
    assert "Niveau Mystique" in words(client.get(url))
    # The old one stays what it is.
    assert client.get(page).status_code == 410


def test_letter_and_answer_are_in_the_buyers_language(client, tenant, settings, page) -> None:
    with atomic(tenant.id):
        db.session.execute(update(Customer).values(locale="en"))
    end(tenant)
    assert "This link is no longer valid" in words(client.get(page))
    assert "a new one arrives" in words(ask_anew(client, page))
    [letter] = letters(tenant, settings)
    assert "Here is the new link that you asked for." in letter


def test_whoever_asks_again_and_again_is_sent_one_letter(client, tenant, page) -> None:
    end(tenant)
    told = {words(ask_anew(client, page)) for _ in range(5)}
    assert len(told) == 1
    assert len(asked(tenant)) == 1
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        ask_anew(client, page)
    assert len(asked(tenant)) == 2
    assert len({message.subject for message in asked(tenant)}) == 2


def test_nobodys_mailbox_is_filled(client, tenant, page) -> None:
    end(tenant)
    for hour in range(12):
        with time_machine.travel(utc_now() + timedelta(hours=hour)):
            ask_anew(client, page)
    assert len(asked(tenant)) == 4
    with time_machine.travel(utc_now() + timedelta(hours=30)):
        ask_anew(client, page)
    assert len(asked(tenant)) == 5


def test_household_may_ask_only_so_often(client_with: Callable[..., FlaskClient], tenant, page) -> None:
    many = "1000 per minute"
    client = client_with(rate_limits=RateLimits(enabled=True, per_key=many, per_address=many, per_email=many))
    # The new application took links for its own.
    with reached_at():
        end(tenant)
        form = fields(client.get(page))
        statuses = [client.post(f"{page}/renewals", data=form).status_code for _ in range(22)]
        assert statuses == [200] * 20 + [429] * 2
        refused = client.post(f"{page}/renewals", data=form)
    assert refused.mimetype == "text/html"
    assert int(refused.headers["Retry-After"]) > 0


def test_button_works_from_its_own_page_alone(client, tenant, other_tenant, page) -> None:
    pay(other_tenant)
    end(tenant)
    elsewhere = fields(client.get(path_of(other_tenant, now=utc_now() - LIFETIME / 2 - timedelta(days=1))))
    assert "form" in elsewhere
    for sent in ({}, {"form": ""}, {"form": "made-up"}, elsewhere):
        reply = client.post(f"{page}/renewals", data=sent)
        assert (reply.status_code, reply.mimetype) == (403, "text/html")
    assert asked(tenant) == []


def test_form_that_lay_open_for_a_day_asks_to_be_sent_once_more(client, tenant, page) -> None:
    end(tenant)
    old = fields(client.get(page))
    with time_machine.travel(utc_now() + timedelta(days=1)):
        reply = client.post(f"{page}/renewals", data=old)
        assert reply.status_code == 403
        assert asked(tenant) == []
        assert client.post(f"{page}/renewals", data=fields(reply)).status_code == 200
    assert len(asked(tenant)) == 1


def test_answer_is_the_same_whether_or_not_anybody_is_there(client, tenant, page) -> None:
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


def test_form_is_short_and_a_long_one_is_not_read(client, page) -> None:
    reply = client.post(f"{page}/renewals", data={"form": "x" * 10_000})
    assert (reply.status_code, reply.mimetype) == (413, "text/html")


def test_link_whose_time_is_half_over_can_be_renewed_before_it_ends(client, tenant, page) -> None:
    assert fields(client.get(page)) == {}
    with time_machine.travel(utc_now() + LIFETIME / 2 + timedelta(days=1)):
        assert ask_anew(client, page).status_code == 200
        assert len(asked(tenant)) == 1
        assert path_of(tenant) != page
        assert client.get(page).status_code == 200


def test_revoked_link_opens_nothing_and_the_next_letter_has_another(client, tenant, settings, page) -> None:
    assert revoke_links(tenant.id, BUYER, actor="operator") == 1
    assert client.get(page).status_code == 410
    ask_anew(client, page)
    [letter] = letters(tenant, settings)
    [url] = re.findall(rf"{PUBLIC_URL}(/my/\S+)", letter)
    assert client.get(url).status_code == 200


def test_customer_who_was_merged_is_sent_a_link_to_the_whole(client, tenant, page) -> None:
    pay(tenant, "intuitive", customer_email="other@example.com")
    source, target = customer_of(tenant), customer_of(tenant, "other@example.com")
    merge_customers(tenant.id, source.id, target.id, actor="operator")
    reply = client.get(page)
    assert reply.status_code == 410
    assert "Mystique" not in words(reply)
    ask_anew(client, page)
    assert len(asked(tenant)) == 1
    told = words(client.get(path_of(tenant)))
    assert "Mystique" in told
    assert "Intuitive" in told


def test_every_link_that_is_not_right_looks_the_same(client, tenant, other_tenant, page) -> None:
    """Whether it was tampered with, made up, forgotten with its customer, or shown at another brand."""
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
    [told] = {words(reply) for reply in replies}
    assert told.startswith("Ce lien ne mène nulle part Vérifiez")


def test_on_the_brands_own_domain_the_link_opens_its_page(client, tenant, page) -> None:
    assert client.get(page, headers={"Host": tenant.domain}).status_code == 200


def test_plain_page_speaks_the_browsers_language_where_nobody_is_known(client) -> None:
    for accepted, expected in (
        ("en-GB,en;q=0.9", "en"),
        ("de", "fr"),
        ("fr;q=0.5, en;q=0.9", "en"),
        ("", "fr"),
    ):
        reply = client.get("/my/nothing", headers={"Accept-Language": accepted})
        assert reply.headers["Content-Language"] == expected


@pytest.mark.parametrize("path", ["/my", "/my/", "/my/a/b/c", "/my/a/files/not-an-id"])
def test_every_other_address_below_is_a_plain_page_too(client, path) -> None:
    reply = client.get(path, follow_redirects=True)
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_link_is_in_no_line_of_the_log(client, tenant, page, capsys) -> None:
    token = page.removeprefix("/my/")
    end(tenant)
    client.get(page)
    client.get(f"{page}/files/{uuid7()}")
    ask_anew(client, page)
    client.get(f"{page}x")
    relay.relay(tenant.id)
    written = capsys.readouterr()
    assert "/my/<token>" in written.err
    assert token not in written.err + written.out


def test_link_is_in_no_table(client, tenant, page) -> None:
    ask_anew(client, page)
    relay.relay(tenant.id)
    signature = page.rsplit(".", 1)[1]
    with atomic(tenant.id):
        for table in db.metadata.sorted_tables:
            rows = db.session.execute(table.select()).all()
            assert signature not in repr(rows), table.name


def test_letters_written_twice_carry_the_same_link(tenant, page) -> None:
    assert {path_of(tenant) for _ in range(3)} == {page}
    assert count(tenant, AccessLink) == 1


def test_confirmation_leads_to_the_page(client, tenant, settings) -> None:
    opened = pay(tenant)
    order = load_order(tenant, opened.order_number)
    relay.relay(tenant.id)
    [message] = [each for each in order.messages if each.kind is MessageKind.ORDER_CONFIRMATION]
    path = settings.instance_path / "outbox" / f"{message.id}.eml"
    letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    for part in ("plain", "html"):
        found = re.findall(rf"{PUBLIC_URL}(/my/[\w.-]+)", letter.get_body((part,)).get_content())
        assert set(found) == {path_of(tenant)}
    assert opened.order_number in words(client.get(found[0]))


def test_without_a_public_address_letters_go_out_without_a_link(tenant, settings) -> None:
    with reached_at(None):
        order = load_order(tenant, pay(tenant).order_number)
        relay.relay(tenant.id)
    [message] = [each for each in order.messages if each.kind is MessageKind.ORDER_CONFIRMATION]
    path = settings.instance_path / "outbox" / f"{message.id}.eml"
    assert b"/my/" not in path.read_bytes()
    assert count(tenant, AccessLink) == 0


def test_web_servers_own_lines_hide_the_link_too(page) -> None:
    line = f'127.0.0.1 - - "GET {page}/files/1?x=1 HTTP/1.1" 200'
    assert redact_text(line) == '127.0.0.1 - - "GET /my/[redacted]/files/1?x=1 HTTP/1.1" 200'
    assert redact_text("route /my/<token>/renewals, /my/assets/page.css") == (
        "route /my/<token>/renewals, /my/assets/page.css"
    )


def test_two_letters_written_at_the_same_moment_carry_the_same_link(app: Flask, tenant, page) -> None:
    end(tenant)
    customer_id = customer_of(tenant).id
    together = Barrier(4)

    def write(_: int) -> UUID:
        with app.app_context():
            together.wait(timeout=60)
            with atomic(tenant.id):
                return access_links.current(tenant.id, customer_id, utc_now()).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write, range(4)))) == 1
    assert count(tenant, AccessLink) == 2


def test_revoking_waits_for_a_letter_that_is_making_a_link_and_revokes_it_too(
    app: Flask, tenant: Brand, client: FlaskClient, page: str
) -> None:
    customer_id = customer_of(tenant).id

    def revoke() -> int:
        with app.app_context():
            return revoke_links(tenant.id, BUYER, actor="operator")

    with ThreadPoolExecutor(1) as pool:
        with atomic(tenant.id):
            # By then the first link is too old for a letter.
            made = access_links.current(tenant.id, customer_id, utc_now() + LIFETIME * 2 / 3)
            revoking = pool.submit(revoke)
            with pytest.raises(TimeoutError):
                revoking.result(timeout=1)
        assert revoking.result(timeout=60) == 2

    with atomic(tenant.id):
        holder = access_links.find_link_owner(tenant.id, made.id)
        assert holder is not None
        assert holder.link.revoked_at is not None
    assert client.get(page).status_code == 410
