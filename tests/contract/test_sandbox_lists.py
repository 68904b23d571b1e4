"""Lists, events and customers."""

import time

import pytest
import stripe


def test_pages_are_newest_first_and_complete(api):
    created = [api.customers.create({"name": str(n)}).id for n in range(7)]
    newest_first = created[::-1]

    first = api.customers.list({"limit": 3})
    assert ([one.id for one in first.data], first.has_more) == (newest_first[:3], True)
    second = api.customers.list({"limit": 3, "starting_after": newest_first[2]})
    assert ([one.id for one in second.data], second.has_more) == (newest_first[3:6], True)
    last = api.customers.list({"limit": 3, "starting_after": newest_first[5]})
    assert ([one.id for one in last.data], last.has_more) == (newest_first[6:], False)
    back = api.customers.list({"limit": 2, "ending_before": newest_first[5]})
    assert ([one.id for one in back.data], back.has_more) == (newest_first[3:5], True)
    assert [one.id for one in first.auto_paging_iter()] == newest_first


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"starting_after": "cus_x"}, {"page": 1}])
def test_invalid_list_parameters_are_rejected(api, params):
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.customers.list(params)
    assert raised.value.http_status == 400


def test_lists_are_filtered_by_customer_payment_and_time(api, pay):
    customer = api.customers.create({"email": "ada@example.com"})
    paid, other = pay(customer=customer.id), pay()
    assert [one.id for one in api.payment_intents.list({"customer": customer.id})] == [paid.id]
    assert [one.id for one in api.charges.list({"payment_intent": other.id})] == [other.latest_charge]
    assert api.payment_intents.list({"created": {"gt": int(time.time()) + 5}}).data == []
    assert len(api.payment_intents.list({"created": {"gte": paid.created, "lte": other.created}}).data) == 2


def test_customers_are_found_by_their_exact_email(api):
    customer = api.customers.create({"email": "Ada@example.com", "metadata": {"a": "b"}})
    assert [one.id for one in api.customers.list({"email": "Ada@example.com"})] == [customer.id]
    assert api.customers.list({"email": "ada@example.com"}).data == []


def test_a_customer_update_event_contains_the_replaced_values(api):
    customer = api.customers.create({"email": "ada@example.com", "metadata": {"a": "1", "b": "2"}})
    api.customers.update(customer.id, {"name": "Ada", "metadata": {"a": "3"}})
    event = api.events.list({"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes.to_dict() == {"name": None, "metadata": {"a": "1"}}
    assert event.data.object.name == "Ada"


def test_a_deleted_customer_cannot_be_listed_or_used(api):
    customer = api.customers.create({"email": "ada@example.com"})
    assert api.customers.delete(customer.id).deleted is True
    assert api.customers.retrieve(customer.id).deleted is True
    assert api.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        api.payment_intents.create({"amount": 1400, "currency": "eur", "customer": customer.id})


def test_events_are_filtered_by_type(api, pay):
    pay()
    assert [event.type for event in api.events.list({"type": "charge.succeeded"})] == ["charge.succeeded"]
    assert [event.type for event in api.events.list({"type": "charge.*"})] == ["charge.succeeded"]
    types = ["charge.succeeded", "payment_intent.succeeded"]
    assert sorted(event.type for event in api.events.list({"types": types})) == types
    with pytest.raises(stripe.InvalidRequestError):
        api.events.list({"types": ["charge.succeeded"] * 21})
    with pytest.raises(stripe.InvalidRequestError):
        api.events.list({"type": "charge.succeeded", "types": types})


def test_an_event_is_a_snapshot_that_names_its_request(api):
    intent = api.payment_intents.create({"amount": 1400, "currency": "eur"}, {"idempotency_key": "order-1"})
    api.payment_intents.update(intent.id, {"amount": 1500})
    event = api.events.list({"type": "payment_intent.created"}).data[0]
    assert event.data.object.amount == 1400
    assert event.data.object.client_secret == intent.client_secret
    assert event.request.to_dict() == {
        "id": intent.last_response.request_id,
        "idempotency_key": "order-1",
    }
    assert (event.api_version, event.livemode) == (stripe.api_version, False)
    assert api.events.retrieve(event.id).id == event.id


def test_events_of_scheduled_tasks_have_no_request(api, open_intent, control, sepa):
    api.payment_intents.confirm(open_intent().id, sepa("DE89370400440532013000"))
    control.post("advance", seconds=5)
    event = api.events.list({"type": "payment_intent.succeeded"}).data[0]
    assert event.request.to_dict() == {"id": None, "idempotency_key": None}


def test_events_are_available_for_30_days(api, pay, control):
    pay()
    # Stripe adds the balance transaction a little later.
    control.post("advance", seconds=5)
    event = api.events.list().data[0]
    control.post("advance", seconds=31 * 24 * 3600)
    assert api.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.events.retrieve(event.id)
    assert raised.value.http_status == 404


def test_events_are_filtered_by_delivery_success(api, endpoint, receiver, control):
    receiver.statuses = [500] * 100
    api.customers.create({})
    control.post("deliveries/flush")
    failed = api.events.list({"delivery_success": False}).data
    assert [(event.type, event.pending_webhooks) for event in failed] == [("customer.created", 1)]
    receiver.statuses.clear()
    control.flush()
    assert api.events.list({"delivery_success": False}).data == []
    assert api.events.list({"delivery_success": True}).data[0].pending_webhooks == 0
