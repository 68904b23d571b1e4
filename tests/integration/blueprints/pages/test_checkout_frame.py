"""The checkout page in a frame of the shop's own site: who may show it, and what its form opens."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lumira.models import OrderStatus
from tests.support.checkout_pages import change_product, orders_of, session_of, shown_in, submit, text_of
from tests.support.factories import BUYER, Brand

pytestmark = pytest.mark.usefixtures("app_context")

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def path(tenant: Brand) -> str:
    return f"/checkout/{tenant.slug}"


def ancestors(reply: TestResponse) -> str:
    found = re.search(r"frame-ancestors ([^;]+)", reply.headers["Content-Security-Policy"])
    assert found
    return found[1]


def send(
    client: FlaskClient, path: str, shown: str, headers: dict[str, str] = OWN, **entered: str
) -> TestResponse:
    return client.post(path, data={"shown": shown, "email": BUYER, "name": ""} | entered, headers=headers)


def test_only_the_shops_own_domains_may_frame_the_page_that_asks_for_it(
    tenant: Brand, other_tenant: Brand, client: FlaskClient, path: str
) -> None:
    framed = client.get(f"{path}/mystique?frame=1")
    assert ancestors(framed) == f"https://{tenant.domain}"
    assert "script-src 'self'" in framed.headers["Content-Security-Policy"]
    assert ancestors(client.get(f"{path}?items=shirt:2&frame=1")) == f"https://{tenant.domain}"
    # A product that is gone says so inside the frame.
    assert ancestors(client.get(f"{path}/nothing?frame=1")) == f"https://{tenant.domain}"
    assert (
        ancestors(client.get(f"/checkout/{other_tenant.slug}/mystique?frame=1"))
        == f"https://{other_tenant.domain}"
    )


def test_no_other_page_may_be_framed(tenant: Brand, client: FlaskClient, path: str) -> None:
    paid = submit(client, f"{path}/simple").headers["Location"]
    pages = [
        client.get(f"{path}/mystique"),
        client.get(f"{path}/mystique?frame=0"),
        client.get(f"{path}?frame=1"),
        client.get(f"{paid}?frame=1"),
        client.get("/my/nothing?frame=1"),
        client.get("/checkout/nothing/mystique?frame=1"),
        send(client, f"{path}/mystique?frame=1", "forged"),
    ]
    assert {ancestors(reply) for reply in pages} == {"'none'"}
    assert {reply.headers["X-Frame-Options"] for reply in pages} == {"DENY"}
    assert not [reply for reply in pages if "script-src" in reply.headers["Content-Security-Policy"]]


def test_a_page_in_a_frame_sets_no_cookie_and_sends_its_form_by_the_whole_window(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    reply = client.get(f"{path}?items=shirt:2,cap&frame=1")
    assert "Set-Cookie" not in reply.headers
    assert f'action="{path}?items=shirt%3A2%2Ccap" target="_top"' in reply.text
    assert '<form method="post">' in client.get(f"{path}?items=shirt:2,cap").text


def test_a_form_from_a_frame_opens_one_order_which_its_visitor_sees(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    shown = shown_in(client.get(f"{path}/mystique?frame=1"))
    first = send(client, f"{path}/mystique", shown)
    # A double click: the second navigation replaces the first, and its cookies may not have arrived.
    second = send(client.application.test_client(), f"{path}/mystique", shown)

    assert session_of(first) == session_of(second)
    [order] = orders_of(tenant)
    assert order.status is OrderStatus.PENDING
    assert order.order_number in text_of(client.get(f"{path}/orders/{session_of(first)}"))


def test_two_frames_of_one_visitor_open_two_orders_of_which_one_can_be_paid(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    for _ in range(2):
        send(client, f"{path}/mystique", shown_in(client.get(f"{path}/mystique?frame=1")))
    assert [order.status for order in orders_of(tenant)] == [OrderStatus.CANCELLED, OrderStatus.PENDING]


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_form_from_a_frame_that_another_site_sends_opens_nothing(
    tenant: Brand, client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    shown = shown_in(client.get(f"{path}/mystique?frame=1"))
    refused = send(client, f"{path}/mystique", shown, headers)

    assert (refused.status_code, orders_of(tenant)) == (409, [])
    # The whole page is shown with what was entered, and its form is the visitor's own.
    assert BUYER in refused.text
    assert session_of(send(client, f"{path}/mystique", shown_in(refused), headers))


def test_a_form_from_a_frame_never_names_the_visit_of_a_visitor(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    """An attacker who lets a visitor send a form that the attacker knows learns nothing of later orders."""
    known = shown_in(client.application.test_client().get(f"{path}/mystique?frame=1"))
    send(client, f"{path}/mystique", known, email="attacker@example.com")
    own = submit(client, f"{path}/mystique")

    guessed = send(client.application.test_client(), f"{path}/mystique", known)
    assert session_of(guessed) != session_of(own)


def test_a_form_from_a_frame_is_for_its_items_and_the_price_that_it_showed(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    shown = shown_in(client.get(f"{path}/mystique?frame=1"))
    assert send(client, f"{path}/shirt", shown).status_code == 409
    change_product(tenant, "mystique", amount=9900)
    changed = send(client, f"{path}/mystique", shown)
    assert changed.status_code == 409
    assert "Le prix a changé" in text_of(changed)
    assert orders_of(tenant) == []
