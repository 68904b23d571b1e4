"""Every object has the fields that the SDK declares."""

import pytest
import stripe
from stripe import StripeObject

#: Fields that Stripe sends only in special cases: expanded, deleted, secret or of another account.
SOMETIMES = {
    stripe.Charge: {"refunds"},
    stripe.Customer: {
        "cash_balance",
        "deleted",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    stripe.Event: {"account", "context"},
    stripe.Price: {"currency_options", "deleted", "tiers"},
    stripe.Product: {"deleted"},
    stripe.checkout.Session: {"line_items"},
    stripe.checkout.Session.TotalDetails: {"breakdown"},
    stripe.WebhookEndpoint: {"deleted", "secret"},
    stripe.PaymentMethod: {"radar_options", "custom"},
    stripe.Account: {"company", "deleted", "groups", "individual"},
}


def declared(kind: type[StripeObject]) -> set[str]:
    fields = {name for name in kind.__annotations__ if name != "OBJECT_NAME"}
    if kind is stripe.PaymentMethod:
        # One hash per type of payment method, of which an object has its own only.
        types = set(stripe.PaymentMethod.__annotations__["type"].__args__[0].__args__)
        fields -= types - {"card"}
    return fields - SOMETIMES.get(kind, set())


@pytest.fixture
def examples(*, api, pay, endpoint, control, open_session, pay_session):
    intent = pay()
    refund = api.refunds.create({"payment_intent": intent.id, "amount": 400})
    dispute = api.disputes.retrieve(control.post("disputes", payment_intent=intent.id)["id"])
    session = open_session()
    pay_session(session)
    expanded = {"expand": ["line_items.data.price.product"]}
    item = api.checkout.sessions.retrieve(session.id, expanded).line_items.data[0]
    session = api.checkout.sessions.retrieve(session.id)
    return {
        stripe.checkout.Session: session,
        stripe.checkout.Session.BrandingSettings: session.branding_settings,
        stripe.checkout.Session.CustomerDetails: session.customer_details,
        stripe.checkout.Session.CustomText: session.custom_text,
        stripe.checkout.Session.InvoiceCreation.InvoiceData: session.invoice_creation.invoice_data,
        stripe.checkout.Session.TotalDetails: session.total_details,
        stripe.LineItem: item,
        stripe.Price: item.price,
        stripe.Product: item.price.product,
        stripe.Refund: refund,
        stripe.Dispute: dispute,
        stripe.Dispute.Evidence: dispute.evidence,
        stripe.Dispute.EvidenceDetails: dispute.evidence_details,
        stripe.Dispute.PaymentMethodDetails.Card: dispute.payment_method_details.card,
        stripe.BalanceTransaction: dispute.balance_transactions[0],
        stripe.Payout: api.payouts.retrieve(control.post("payouts")["id"]),
        stripe.PaymentIntent: intent,
        stripe.Charge: api.charges.retrieve(intent.latest_charge),
        stripe.Customer: api.customers.create({"email": "ada@example.com"}),
        stripe.Event: api.events.list({"limit": 1}).data[0],
        stripe.WebhookEndpoint: endpoint,
        stripe.PaymentMethodDomain: api.payment_method_domains.create({"domain_name": "pay.lumira.app"}),
        stripe.PaymentMethod: api.payment_methods.retrieve(intent.payment_method),
        stripe.Account: api.accounts.retrieve_current(),
    }


def test_every_object_has_the_fields_that_the_sdk_declares(examples):
    missing = {
        kind.__name__: sorted(declared(kind) - set(example.to_dict())) for kind, example in examples.items()
    }
    assert {name: fields for name, fields in missing.items() if fields} == {}


def test_no_object_has_a_field_that_the_sdk_does_not_declare(examples):
    unknown = {
        kind.__name__: sorted(set(example.to_dict()) - set(kind.__annotations__))
        for kind, example in examples.items()
    }
    assert {name: fields for name, fields in unknown.items() if fields} == {}


def test_required_fields_are_never_null(examples):
    for kind, example in examples.items():
        body = example.to_dict()
        for name, annotation in kind.__annotations__.items():
            if name in body and "None" not in str(annotation) and "Optional" not in str(annotation):
                assert body[name] is not None, f"{kind.__name__}.{name}"


def test_ids_have_stripes_prefixes(examples, api):
    prefixes = {
        kind.__name__: example.id.split("_")[0]
        for kind, example in examples.items()
        if "id" in kind.__annotations__
    }
    assert prefixes == {
        "PaymentIntent": "pi", "Charge": "ch", "Customer": "cus", "Event": "evt", "WebhookEndpoint": "we",
        "PaymentMethod": "pm", "Account": "acct", "Refund": "re", "Dispute": "du", "BalanceTransaction": "txn",
        "Payout": "po",
        "PaymentMethodDomain": "pmd", "Session": "cs", "LineItem": "li", "Price": "price", "Product": "prod",
    }  # fmt: skip
    assert examples[stripe.checkout.Session].id.startswith("cs_test_")
    intent = examples[stripe.PaymentIntent]
    assert intent.client_secret.startswith(intent.id + "_secret_")
    assert examples[stripe.WebhookEndpoint].secret.startswith("whsec_")
    assert intent.last_response.request_id.startswith("req_")
