"""A stranger who tries passwords is stopped, and cannot stop the operator."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.support.dashboard import Operator, OperatorBrowser, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

#: Failed attempts of one browser or network in a quarter of an hour.
LIMIT = 10


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    return make_operator(tenant)


def in_network_of(app, other: OperatorBrowser) -> OperatorBrowser:
    browser = open_browser(app)
    browser.client.environ_base["REMOTE_ADDR"] = other.client.environ_base["REMOTE_ADDR"]
    return browser


def attack(browser: OperatorBrowser, operator: Operator, times: int = LIMIT) -> list[int]:
    return [
        browser.sign_in(operator, password="a wrong password", code="123456").status_code
        for _ in range(times)
    ]


def test_after_ten_failed_attempts_a_network_has_to_wait(app, owner) -> None:
    stranger = open_browser(app)
    assert attack(stranger, owner, LIMIT + 1) == [401] * LIMIT + [429]
    refused = stranger.sign_in(owner)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    # Neither another address nor another browser of the network helps.
    assert attack(in_network_of(app, stranger), owner, 1) == [429]


def test_after_a_quarter_of_an_hour_the_network_may_try_again(app, owner) -> None:
    stranger = open_browser(app)
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        attack(stranger, owner)
        clock.shift(timedelta(minutes=15))
        assert attack(stranger, owner, 1) == [401]


def test_a_stranger_does_not_lock_the_operator_out_from_another_network(app, owner) -> None:
    for _ in range(3):
        attack(open_browser(app), owner)
    assert open_browser(app).sign_in(owner).status_code == 303


def test_a_stranger_in_the_same_network_does_not_lock_out_a_browser_that_signed_in_before(app, owner) -> None:
    browser = sign_in(app, owner)
    browser.submit("/dashboard/-/sign-out")
    stranger = in_network_of(app, browser)
    assert attack(stranger, owner, LIMIT + 1)[-1] == 429
    assert browser.sign_in(owner).status_code == 303


def test_the_mark_of_a_browser_is_limited_too(app, owner) -> None:
    browser = sign_in(app, owner)
    browser.submit("/dashboard/-/sign-out")
    assert attack(browser, owner, LIMIT + 1)[-1] == 429


@pytest.mark.parametrize("forged", ["", "x", "WyJhIiwiYiJd.x.y"])
def test_a_forged_mark_of_a_browser_counts_for_its_network(app, owner, forged) -> None:
    stranger = open_browser(app)
    attack(stranger, owner)
    other = in_network_of(app, stranger)
    other.client.set_cookie("lumira_device", forged, path="/dashboard")
    assert attack(other, owner, 1) == [429]


def test_the_mark_of_another_operator_gives_no_further_attempts(app, owner, other_tenant) -> None:
    """Whoever has an account somewhere could otherwise make a new mark with each sign-in."""
    stranger = make_operator(other_tenant)
    browser = sign_in(app, stranger)
    browser.submit("/dashboard/-/sign-out")
    attack(browser, owner)
    browser.sign_in(stranger)
    browser.submit("/dashboard/-/sign-out")
    assert attack(browser, owner, 1) == [429]


def test_a_successful_sign_in_counts_for_nothing(app, owner) -> None:
    browser = open_browser(app)
    attack(browser, owner, LIMIT - 1)
    for _ in range(3):
        assert browser.sign_in(owner).status_code == 303
        browser.submit("/dashboard/-/sign-out")


def test_a_stolen_session_cannot_try_passwords_without_end(app, owner) -> None:
    browser = sign_in(app, owner)
    paths = ("/dashboard/-/confirm", "/dashboard/-/account/password")
    fields = {"password": "wrong", "code": "123456", "current": "wrong", "new": "plum harbour velvet ten"}
    replies = [browser.submit(paths[n % 2], **fields).status_code for n in range(LIMIT + 2)]
    assert replies[-1] == 429
    assert 429 not in replies[:LIMIT]


def test_new_passwords_that_are_too_weak_do_not_stop_the_operator(app, owner) -> None:
    browser = sign_in(app, owner)
    for _ in range(LIMIT + 1):
        reply = browser.submit(
            "/dashboard/-/account/password", current=owner.password, new="passwordpassword"
        )
        assert reply.status_code == 400
