"""The address of a Checkout Session: asked on the page in its countries only, or known from the request."""

import pytest
import stripe

from tests.contract.sandbox_driver import intent_of

ENTERED = {"name": "Ada", "line1": "1 Main St", "postal_code": "2000", "city": "Antwerpen", "country": "BE"}
ASKED = {"shipping_address_collection": {"allowed_countries": ["BE", "DE"]}}


def test_the_page_collects_an_address_which_the_payment_gets_too(api, open_session, pay_session):
    session = open_session(**ASKED, phone_number_collection={"enabled": True})
    assert session.collected_information is None
    pay_session(session, shipping=ENTERED | {"phone": "+32 3 123 45 67"})
    paid = api.checkout.sessions.retrieve(session.id)
    details = paid.collected_information.shipping_details
    assert (details.name, details.address.city, details.address.country) == ("Ada", "Antwerpen", "BE")
    assert paid.customer_details.phone == "+32 3 123 45 67"
    shipping = intent_of(api, session).shipping
    assert (shipping.name, shipping.address.line1, shipping.phone) == ("Ada", "1 Main St", None)


@pytest.mark.parametrize(
    "entered", [{}, ENTERED | {"country": "FR"}, ENTERED | {"city": ""}, ENTERED | {"name": ""}]
)
def test_the_page_refuses_an_address_that_is_incomplete_or_elsewhere(
    api, open_session, control_error, entered
):
    session = open_session(**ASKED)
    control_error(f"checkout/sessions/{session.id}/pay", shipping=entered)
    assert api.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize(
    "changed",
    [
        {"shipping_address_collection": {"allowed_countries": ["KP"]}},
        {"shipping_address_collection": {"allowed_countries": ["France"]}},
        ASKED | {"payment_intent_data": {"shipping": {"name": "Ada", "address": {"line1": "1 Main St"}}}},
    ],
)
def test_a_session_that_cannot_ask_is_refused(open_session, changed):
    with pytest.raises(stripe.InvalidRequestError):
        open_session(**changed)
