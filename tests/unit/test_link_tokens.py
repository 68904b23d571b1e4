"""A token is signed for one link: any change makes it invalid."""

import re
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine

from lumira import link_tokens
from lumira.link_tokens import FORM_LIFETIME, LinkAddress, WithdrawalAddress
from lumira.logging import redact_text

ADDRESS = LinkAddress(7, UUID("0198c0de-0000-7000-8000-000000000001"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    before = list(link_tokens._configured)
    link_tokens.configure("a-key", public_url="https://pay.example.com")
    yield
    link_tokens._configured[:] = before


def test_a_token_identifies_its_link_and_is_always_the_same() -> None:
    assert link_tokens.read(link_tokens.sign(ADDRESS)) == ADDRESS
    assert link_tokens.sign(ADDRESS) == link_tokens.sign(ADDRESS)
    assert link_tokens.url_of(ADDRESS) == f"https://pay.example.com/my/{link_tokens.sign(ADDRESS)}"


def test_a_token_with_any_changed_character_is_invalid() -> None:
    token = link_tokens.sign(ADDRESS)
    characters = string.ascii_letters + string.digits + "-_."
    changed = {
        token[:at] + character + token[at + 1 :] for at in range(len(token)) for character in characters
    } - {token}
    assert len(changed) > 4000
    assert [each for each in changed if link_tokens.read(each) is not None] == []


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "é" * 71, "\x00" * 71, "a" * 5000, f"{'A' * 27}.{'A' * 43}", "../../etc/passwd"]
)
def test_an_unsigned_token_is_invalid(token) -> None:
    assert link_tokens.read(token) is None
    assert link_tokens.read(link_tokens.sign(ADDRESS) + token) == (None if token else ADDRESS)


def test_a_token_signed_with_another_key_is_invalid() -> None:
    token = link_tokens.sign(ADDRESS)
    link_tokens.configure("another-key", public_url=None)
    assert link_tokens.read(token) is None


def test_without_a_public_url_there_are_no_links() -> None:
    link_tokens.configure("a-key", public_url=None)
    assert link_tokens.url_of(ADDRESS) is None
    assert not link_tokens.has_public_url()


def test_a_form_is_valid_on_its_own_page_for_a_limited_time() -> None:
    with time_machine.travel(NOW, tick=False):
        signed = link_tokens.sign_form("one")
        assert link_tokens.is_form_of("one", signed)
        assert not link_tokens.is_form_of("two", signed)
        assert not link_tokens.is_form_of("one", "")
        assert not link_tokens.is_form_of("one", signed[:-2])
    with time_machine.travel(NOW + FORM_LIFETIME + timedelta(seconds=2), tick=False):
        assert not link_tokens.is_form_of("one", signed)


WITHDRAWAL = WithdrawalAddress(7, ADDRESS.link_id, NOW)


def test_a_withdrawal_token_holds_the_order_and_the_time_of_the_request() -> None:
    token = link_tokens.sign_withdrawal(WITHDRAWAL)
    assert link_tokens.read_withdrawal(token) == WITHDRAWAL
    assert link_tokens.sign_withdrawal(WITHDRAWAL) == token


def test_a_withdrawal_token_with_any_changed_character_is_invalid() -> None:
    token = link_tokens.sign_withdrawal(WITHDRAWAL)
    characters = string.ascii_letters + string.digits + "-_."
    changed = {
        token[:at] + character + token[at + 1 :] for at in range(len(token)) for character in characters
    } - {token}
    assert [each for each in changed if link_tokens.read_withdrawal(each) is not None] == []


def test_no_token_is_one_of_the_other_kind() -> None:
    assert link_tokens.read(link_tokens.sign_withdrawal(WITHDRAWAL)) is None
    assert link_tokens.read_withdrawal(link_tokens.sign(ADDRESS)) is None
    assert link_tokens.read_withdrawal("") is None


@pytest.mark.parametrize("path", ["/withdrawal/a-shop", "/retractation/a-shop"])
def test_no_log_line_contains_a_withdrawal_token(path: str) -> None:
    token = link_tokens.sign_withdrawal(WITHDRAWAL)
    line = redact_text(f"GET {path}/{token} 200")
    assert token not in line
    assert token.partition(".")[2] not in line
    assert line.startswith(f"GET {path}/")
    assert line.endswith(" 200")


@pytest.mark.parametrize("tenant_id", [1, 7, 2**31 - 1, 36176046])
def test_a_web_server_recognises_the_links_of_one_tenant(tenant_id: int) -> None:
    own = re.compile(link_tokens.tokens_of(tenant_id))
    for link_id in (UUID(int=0), UUID(int=2**128 - 1), *(uuid4() for _ in range(50))):
        assert own.match(link_tokens.sign(LinkAddress(tenant_id, link_id)))
        for other in (tenant_id - 1, tenant_id + 1, tenant_id ^ 256):
            assert not own.match(link_tokens.sign(LinkAddress(other, link_id)))
