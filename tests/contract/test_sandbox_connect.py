"""Connect: a platform's key acts for connected accounts, whose events carry ``account``."""

import pytest
import stripe

from tests.contract.sandbox_driver import eventually

INTENT = {"amount": 1400, "currency": "eur"}


@pytest.fixture
def connected(control, connect, sandbox_url, name):
    """Return the connected account's id and the SDK with its own key."""
    answer = control.post("connect", name=f"{name}_brand")
    return answer["account"], connect(sandbox_url, answer["key"])


def test_a_platforms_key_acts_for_a_connected_account(api, connected):
    account_id, brand = connected
    options = {"stripe_account": account_id}
    intent = api.payment_intents.create(INTENT, options)
    assert brand.payment_intents.retrieve(intent.id).amount == 1400
    assert api.payment_intents.retrieve(intent.id, options=options).id == intent.id
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.payment_intents.retrieve(intent.id)
    assert raised.value.http_status == 404


def test_a_key_cannot_act_for_an_account_that_is_not_connected(api, connected, connect, sandbox_url, key):
    account_id, brand = connected
    platform_id = api.accounts.retrieve_current().id
    stranger = connect(sandbox_url, key + "_other")
    for one, named in ((stranger, account_id), (brand, platform_id), (api, "acct_unknown")):
        with pytest.raises(stripe.PermissionError, match="does not have access to account") as raised:
            one.payment_intents.create(INTENT, {"stripe_account": named})
        assert raised.value.error.code == "account_invalid"


def test_a_connect_endpoint_receives_the_events_of_connected_accounts_only(
    *, api, connected, receiver, control
):
    account_id, _ = connected
    secret = api.webhook_endpoints.create(
        {"url": receiver.url + "/connect", "enabled_events": ["*"], "connect": True}
    ).secret
    api.customers.create({})
    customer = api.customers.create({}, {"stripe_account": account_id})

    (delivery,) = eventually(lambda: receiver.arrived)
    assert delivery.event["account"] == account_id
    assert delivery.event["data"]["object"]["id"] == customer.id
    assert delivery.is_signed_with(secret)
    control.flush()
    assert len(receiver.arrived) == 1


def test_an_accounts_own_endpoint_receives_its_events_without_account(
    *, api, connected, endpoint, receiver, control
):
    account_id, _ = connected
    api.customers.create({}, {"stripe_account": account_id})
    customer = api.customers.create({})
    (delivery,) = eventually(lambda: receiver.arrived)
    assert "account" not in delivery.event
    assert delivery.event["data"]["object"]["id"] == customer.id
    control.flush()
    assert len(receiver.arrived) == 1


def test_an_event_of_any_account_can_be_emitted(control, endpoint, receiver):
    event = control.post("events", type="customer.created", object={"id": "cus_1"}, account="acct_other")
    assert event["account"] == "acct_other"
    assert eventually(lambda: receiver.arrived)[0].event["account"] == "acct_other"


def test_an_account_cannot_be_connected_to_itself(control_error, name):
    assert "cannot be connected to itself" in control_error("connect", name=name)
    assert "`name` must have" in control_error("connect", name="x")
