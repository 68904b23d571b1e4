"""The page of a Checkout Session, as a browser uses it."""

import threading

import pytest
import requests

from tests.contract.sandbox_driver import line

DONE = "https://shop.example/done?session="
DECLINED = "Your payment was declined."


def look(url):
    return requests.get(url, allow_redirects=False, timeout=10)


def send(url, method="pm_card_visa", **fields):
    return requests.post(url, data={"payment_method": method, **fields}, allow_redirects=False, timeout=10)


def test_the_page_shows_the_line_items_and_the_total(open_session):
    lines = [line(4700, quantity=2), line(123456, name="Crystal <large>")]
    page = look(open_session(line_items=lines).url)

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for text in ("Mystique", "94.00 EUR", "Crystal &lt;large&gt;", "1,234.56 EUR", "1,328.56 EUR"):
        assert text in page.text
    assert "<strong>ada@example.com</strong>" in page.text
    assert 'type="email"' not in page.text
    assert '<a href="https://shop.example/cart">Back to the shop</a>' in page.text


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("eur", 4700, "47.00 EUR"), ("jpy", 4700, "4,700 JPY"), ("kwd", 4700, "4.700 KWD")],
)
def test_amounts_are_shown_in_major_units(*, open_session, pay_session, currency, amount, shown):
    session = open_session(line_items=[line(amount, currency=currency)])
    assert f"Pay {shown}</button>" in look(session.url).text
    challenge = pay_session(session, "pm_card_threeDSecure2Required")
    assert f"<strong>{shown}</strong>" in look(challenge["redirect_url"]).text


@pytest.mark.parametrize(
    ("currency", "offered", "hidden"),
    [
        ("eur", "pm_failed_de", "pm_usBankAccount"),
        ("usd", "pm_usBankAccount_insufficientFunds", "pm_success_de"),
        ("gbp", "pm_card_threeDSecure2Required", "pm_success_de"),
    ],
)
def test_the_page_offers_the_payment_methods_of_the_currency(open_session, currency, offered, hidden):
    page = look(open_session(line_items=[line(currency=currency)]).url).text
    assert f'value="{offered}"' in page
    assert hidden not in page


def test_a_payment_redirects_the_buyer_to_the_shop(api, open_session):
    session = open_session()
    back = send(session.url)
    assert (back.status_code, back.headers["Location"]) == (303, DONE + session.id)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_session_without_an_email_asks_for_one_on_the_page(api, open_session):
    session = open_session(customer_email=None, customer_creation="always")
    page = look(session.url).text
    assert '<label for="email">E-mail</label>' in page
    assert (send(session.url).status_code, send(session.url, email="no-email").status_code) == (400, 400)

    assert send(session.url, email=" bob@example.com ", name="Bob").status_code == 303
    after = api.checkout.sessions.retrieve(session.id, {"expand": ["customer"]})
    assert (after.customer_details.email, after.customer_details.name) == ("bob@example.com", "Bob")
    assert (after.customer.email, after.customer.name) == ("bob@example.com", "Bob")


def test_a_decline_shows_a_general_message_and_the_buyer_can_retry(api, open_session):
    session = open_session(customer_email=None)
    declined = send(session.url, "pm_card_visa_chargeDeclinedInsufficientFunds", email="bob@example.com")
    assert declined.status_code == 402
    assert DECLINED in declined.text
    assert "insufficient" not in declined.text
    # The form is shown again with the buyer's input.
    assert 'value="bob@example.com"' in declined.text
    assert send(session.url, email="bob@example.com").status_code == 303
    assert len(api.payment_intents.list().data) == 1


def test_a_delayed_payment_redirects_to_the_shop_at_once(api, open_session):
    session = open_session()
    back = send(session.url, "pm_success_de")
    assert (back.status_code, back.headers["Location"]) == (303, DONE + session.id)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_authentication_returns_the_buyer_through_the_page_to_the_shop(api, open_session):
    session = open_session()
    challenge = send(session.url, "pm_card_threeDSecure2Required")
    assert challenge.status_code == 303
    authenticated = requests.post(
        challenge.headers["Location"], data={"outcome": "authorize"}, allow_redirects=False, timeout=10
    )
    assert authenticated.headers["Location"].startswith(session.url + "/return?")
    back = look(authenticated.headers["Location"])
    assert (back.status_code, back.headers["Location"]) == (303, DONE + session.id)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_failed_authentication_shows_the_form_again(open_session):
    session = open_session()
    challenge = send(session.url, "pm_card_threeDSecure2Required")
    page = requests.post(challenge.headers["Location"], data={"outcome": "fail"}, timeout=10)
    assert page.status_code == 200
    assert DECLINED in page.text
    assert send(session.url).status_code == 303


def test_the_page_of_a_completed_session_accepts_no_second_payment(api, open_session):
    session = open_session()
    send(session.url)
    page = look(session.url)
    assert (page.status_code, "has been completed" in page.text, "<form" in page.text) == (200, True, False)
    assert send(session.url).status_code == 409
    assert len(api.charges.list().data) == 1


def test_the_page_of_an_expired_session_accepts_no_payment(api, open_session):
    session = open_session()
    api.checkout.sessions.expire(session.id)
    for reply in (look(session.url), send(session.url)):
        assert reply.status_code == 410
        assert "This payment page has expired" in reply.text
        assert "<form" not in reply.text
    assert api.payment_intents.list().data == []


def test_a_free_order_is_completed_without_a_payment_method(api, open_session):
    session = open_session(line_items=[line(0)])
    page = look(session.url).text
    assert "Complete the order</button>" in page
    assert "payment_method" not in page
    assert requests.post(session.url, allow_redirects=False, timeout=10).status_code == 303
    assert api.checkout.sessions.retrieve(session.id).payment_status == "no_payment_required"


def test_concurrent_submissions_of_the_form_pay_once(api, open_session):
    session, statuses = open_session(), []
    threads = [
        threading.Thread(target=lambda: statuses.append(send(session.url).status_code)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [409] * 5
    assert len(api.charges.list().data) == 1


def test_an_invalid_page_request_is_rejected(sandbox_url, open_session):
    session = open_session()
    assert look(f"{sandbox_url}/c/pay/cs_test_none").status_code == 404
    assert look(f"{sandbox_url}/c/pay/{session.id}/elsewhere").status_code == 404
    assert send(session.url, "pm_mine").status_code == 400
    assert requests.post(session.url, timeout=10).status_code == 400
    assert requests.delete(session.url, timeout=10).status_code == 405


def test_a_session_without_a_cancel_url_shows_no_link_to_the_shop(open_session):
    assert "Back to the shop" not in look(open_session(cancel_url=None).url).text
