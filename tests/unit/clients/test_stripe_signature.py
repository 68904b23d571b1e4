"""Only what Stripe signed, with a secret of the tenant's, just now."""

import time

import pytest

from lumira.clients.stripe_signature import TOLERANCE, is_signed
from tests.support.stripe_events import signature

BODY = b'{"id": "evt_1"}'
SECRET = "whsec_right"


def test_a_body_signed_by_stripe_is_accepted() -> None:
    assert is_signed(BODY, signature(BODY, SECRET), [SECRET])


def test_any_of_several_secrets_is_enough() -> None:
    assert is_signed(BODY, signature(BODY, SECRET), ["whsec_old", SECRET])


def test_any_of_several_signatures_is_enough_while_stripe_rolls_a_secret() -> None:
    old, new = signature(BODY, "whsec_old"), signature(BODY, SECRET)
    both = old.replace(",v0=", f",{new.split(',')[1]},v0=")
    assert is_signed(BODY, both, [SECRET])


@pytest.mark.parametrize("age", [0, TOLERANCE - 5, -TOLERANCE + 5])
def test_a_timestamp_within_the_tolerance_is_accepted(age: int) -> None:
    assert is_signed(BODY, signature(BODY, SECRET, at=time.time() - age), [SECRET])


@pytest.mark.parametrize("age", [TOLERANCE + 5, -TOLERANCE - 5, 10**9, -(10**9)])
def test_a_timestamp_outside_the_tolerance_is_rejected(age: int) -> None:
    assert not is_signed(BODY, signature(BODY, SECRET, at=time.time() - age), [SECRET])


def only_test_scheme(header: str) -> str:
    return header.replace("v1=", "v0=")


NOW = int(time.time())
#: With names of their own: the header's time would give the same test another name in each process of a run.
HEADERS = {
    "missing": None,
    "empty": "",
    "empty parts": "t=,v1=",
    "nonsense": "nonsense",
    "no time": "v1=" + "0" * 64,
    "no signature": f"t={NOW}",
    "empty signature": f"t={NOW},v1=",
    "no ASCII": f"t={NOW},v1=é",
    "endless time": f"t={'9' * 400},v1={'0' * 64}",
    "negative time": f"t=-1,v1={'0' * 64}",
    "time with an exponent": "t=1e9,v1=00",
    "thousands of times": ",".join(["t=1"] * 5000),
    "only the scheme of tests": only_test_scheme(signature(BODY, SECRET)),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_malformed_header_is_rejected(header: str | None) -> None:
    assert not is_signed(BODY, header, [SECRET])


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b"", b"{}", BODY.upper()])
def test_a_changed_body_is_rejected(body: bytes) -> None:
    assert not is_signed(body, signature(BODY, SECRET), [SECRET])


def test_a_body_that_is_not_utf8_is_rejected_even_if_signed() -> None:
    body = b'{"id": "\xff\xfe"}'
    assert not is_signed(body, signature(body, SECRET), [SECRET])


def test_without_a_secret_nothing_is_accepted() -> None:
    assert not is_signed(BODY, signature(BODY, SECRET), [])
    assert not is_signed(BODY, signature(BODY, "whsec_wrong"), [SECRET])
