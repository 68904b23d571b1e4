"""Settings of an account: addresses that Stripe refuses, and a clock that differs from ours."""

import time
from email.utils import parsedate_to_datetime

import pytest
import stripe

from tests.contract.sandbox_driver import eventually


def test_a_refused_address_is_invalid_for_a_customer(api, control):
    customer = api.customers.create({"email": "ada@example.com"})
    control.post("settings", refused_emails=["Refused@example.com"])
    for call in (
        lambda: api.customers.create({"email": "refused@example.com"}),
        lambda: api.customers.update(customer.id, {"email": "REFUSED@example.com"}),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="Invalid email address") as raised:
            call()
        error = raised.value
        assert (error.http_status, error.code, error.param) == (400, "email_invalid", "email")
    assert api.customers.create({"email": "other@example.com"}).id


def test_a_refused_address_is_invalid_for_a_session(open_session, control):
    control.post("settings", refused_emails=["refused@example.com"])
    with pytest.raises(stripe.InvalidRequestError) as raised:
        open_session(customer_email="refused@example.com")
    assert (raised.value.code, raised.value.param) == ("email_invalid", "customer_email")
    assert open_session(customer_email=None).id


def test_a_buyer_cannot_type_a_refused_address(open_session, control, control_error):
    session = open_session(customer_email=None)
    control.post("settings", refused_emails=["refused@example.com"])
    message = control_error(f"checkout/sessions/{session.id}/pay", email="refused@example.com")
    assert "Invalid email address" in message


def test_no_address_is_refused_after_the_setting_is_emptied(api, control):
    control.post("settings", refused_emails=["refused@example.com"])
    control.post("settings", refused_emails=[])
    assert api.customers.create({"email": "refused@example.com"}).email == "refused@example.com"


@pytest.mark.parametrize("offset", [7200, -7200])
def test_objects_events_and_responses_have_stripes_time(api, control, offset):
    control.post("settings", clock_offset_s=offset)
    customer = api.customers.create({})
    expected = time.time() + offset
    assert customer.created == pytest.approx(expected, abs=20)
    assert api.events.list().data[0].created == pytest.approx(expected, abs=20)
    date = parsedate_to_datetime(customer.last_response.headers["Date"])
    assert date.timestamp() == pytest.approx(expected, abs=20)


def test_an_error_has_stripes_time_too(api, control):
    control.post("settings", clock_offset_s=7200)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.customers.retrieve("cus_unknown")
    date = parsedate_to_datetime(raised.value.headers["Date"])
    assert date.timestamp() == pytest.approx(time.time() + 7200, abs=20)


def test_a_session_expires_by_stripes_clock(open_session, control):
    control.post("settings", clock_offset_s=61)
    in_31_minutes = int(time.time()) + 31 * 60
    with pytest.raises(stripe.InvalidRequestError, match="at least 30 minutes") as raised:
        open_session(expires_at=in_31_minutes - 30)
    assert raised.value.param == "expires_at"

    assert open_session(expires_at=in_31_minutes + 120).expires_at == in_31_minutes + 120
    control.post("settings", clock_offset_s=-61)
    with pytest.raises(stripe.InvalidRequestError, match="less than 24 hours"):
        open_session(expires_at=int(time.time()) + 24 * 3600)


def test_a_delivery_is_signed_with_stripes_time(*, api, control, endpoint, receiver):
    control.post("settings", clock_offset_s=-7200)
    api.customers.create({})
    (delivery,) = eventually(lambda: receiver.arrived)
    fields = dict(field.split("=") for field in delivery.headers["stripe-signature"].split(","))
    assert int(fields["t"]) == pytest.approx(time.time() - 7200, abs=20)
    with pytest.raises(stripe.SignatureVerificationError, match="outside the tolerance zone"):
        delivery.is_signed_with(endpoint.secret)


@pytest.mark.parametrize(
    "body",
    [
        {"refused_emails": "refused@example.com"},
        {"refused_emails": [1]},
        {"clock_offset_s": "60"},
        {"clock_offset_s": 10**12},
        {"bank_transfers": 1},
    ],
)
def test_an_invalid_setting_is_rejected(control_error, body):
    assert "Out of range" in control_error("settings", **body)


def test_an_account_may_take_no_payments(api, control):
    assert api.accounts.retrieve_current().charges_enabled is True
    control.post("settings", charges_enabled=False)
    assert api.accounts.retrieve_current().charges_enabled is False
