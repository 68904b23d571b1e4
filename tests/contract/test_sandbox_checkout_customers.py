"""The buyer and the customer of a Checkout Session."""

from tests.contract.sandbox_driver import event_types, intent_of


def test_a_customer_is_created_only_where_the_session_requires_one(api, open_session, pay_session):
    guest, regular = open_session(), open_session(customer_creation="always")
    pay_session(guest)
    assert (api.checkout.sessions.retrieve(guest.id).customer, api.customers.list().data) == (None, [])

    pay_session(regular, name="Ada")
    (customer,) = api.customers.list().data
    assert (customer.email, customer.name) == ("ada@example.com", "Ada")
    assert api.checkout.sessions.retrieve(regular.id).customer == customer.id
    assert intent_of(api, regular).customer == customer.id
    assert event_types(api)[4] == "customer.created"


def test_a_retry_after_a_decline_creates_one_customer_only(api, open_session, pay_session):
    session = open_session(payment_intent_data={"setup_future_usage": "off_session"})
    pay_session(session, "pm_card_visa_chargeDeclined")
    pay_session(session)
    assert len(api.customers.list().data) == 1


def test_the_email_of_an_existing_customer_cannot_be_changed(
    *, api, open_session, pay_session, control_error
):
    customer = api.customers.create({"email": "ada@example.com", "name": "Ada"})
    session = open_session(customer=customer.id)
    assert (session.customer, session.customer_creation) == (customer.id, None)
    assert session.customer_details.name == "Ada"
    rejection = control_error(f"checkout/sessions/{session.id}/pay", email="bob@example.com")
    assert "cannot be changed" in rejection
    pay_session(session, email="ada@example.com")
    assert intent_of(api, session).customer == customer.id


def test_a_customer_without_an_email_gets_the_one_from_the_form(*, api, open_session, pay_session):
    session = open_session(customer=api.customers.create({}).id)
    pay_session(session, email="ada@example.com")
    assert api.customers.retrieve(session.customer).email == "ada@example.com"
    assert event_types(api)[1] == "customer.updated"


def test_the_buyers_email_is_required(open_session, control_error):
    session = open_session(customer_email=None)
    assert session.customer_details is None
    path = f"checkout/sessions/{session.id}/pay"
    assert control_error(path) == "Missing required param: email."
    assert "Invalid email address" in control_error(path, email="no-email")
