"""An operator shows, releases and refunds an order."""

import json
import logging

import pytest
from flask import Flask

from lumira.database import atomic
from lumira.models import OrderStatus
from lumira.repositories.receipts import receipts
from tests.support import files, refunds, seller, stripe_sandbox
from tests.support.factories import BUYER, load_order, open_cart, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def pay(brand, *, received: int = 4700) -> str:
    """Number of an order for which Stripe received this much."""
    opened = open_payment(brand, customer_name="Buyer")
    intent = payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=received
    )
    deliver(brand, event("payment_intent.succeeded", intent))
    return opened.order_number


def test_the_address_of_an_order_is_corrected(run_flask, tenant) -> None:
    opened = refunds.pay(tenant, customer_email="ana@exmaple.com")

    corrected = run_flask("orders", "address", opened.order_number, "ana@example.com")

    assert corrected.stdout == f"{opened.order_number}: belongs to ana@example.com now, 1 message to send.\n"
    assert corrected.stderr == "The customer ana@exmaple.com has no order left.\n"
    assert "<ana@example.com>" in run_flask("orders", "show", opened.order_number).stdout
    refused = run_flask("orders", "address", opened.order_number, "ana@", code=1).stderr
    assert "not a valid e-mail address" in refused


def test_an_order_is_shown_with_its_timeline(run_flask, tenant):
    number = pay(tenant)

    account = run_flask("orders", "show", number).stdout

    assert account.startswith(f"{number}  completed  47.00 EUR\n")
    assert f"Buyer <{BUYER}>" in account
    assert f"{tenant.slug} (test mode)" in account
    assert "1 x mystique  Niveau Mystique  47.00 EUR" in account
    assert "succeeded  requested 47.00 EUR, received 47.00 EUR" in account
    assert "mystique  active  paid" in account
    assert "order_confirmation  pending" in account
    story = account.partition("timeline (Europe/Paris)\n")[2]
    for what in ("opened", "payment_created", "paid", "completed", "granted", "message_enqueued"):
        assert f"  {what}" in story


def test_an_order_is_shown_with_its_receipts_and_deliverables(run_flask, make_brand):
    brand = make_brand(seller=seller.EXEMPT)
    order = files.buy_promise(brand, "lecture")
    files.upload(brand, order, name="lecture.pdf")
    opened = refunds.pay(brand, customer_email="another@example.com")
    refunds.refund_in_dashboard(brand, opened, amount=700)
    refunds.deliver_events(brand)

    worked = run_flask("orders", "show", order.order_number).stdout
    assert "deliverables\n  mystique  lecture  in_progress  lecture.pdf\n" in worked
    refunded = run_flask("orders", "show", opened.order_number).stdout
    with atomic(brand.id):
        *_, receipt, credit_note = receipts.list_receipts(brand.id)
    assert f"{receipt.label}  47.00 EUR" in refunded
    assert f"{credit_note.label}  -7.00 EUR" in refunded


def test_an_unpaid_order_is_shown_with_its_stock_and_next_poll(run_flask, tenant):
    opened = open_cart(tenant)
    waiting = run_flask("orders", "show", opened.order_number).stdout
    assert f"{opened.session_id}  open, until " in waiting
    assert "stock\n" in waiting
    assert "  shirt  2  reserved\n" in waiting
    assert ", when Lumira looks the order up at Stripe" in waiting

    asked = open_payment(tenant)
    intent = payment_intent(id=asked.payment_intent_id, status="requires_action", payment_method="pm_1")
    deliver(tenant, event("payment_intent.requires_action", intent))
    shown = run_flask("orders", "show", asked.order_number).stdout
    assert shown.startswith(f"{asked.order_number}  processing")
    assert "received 0.00 EUR, an attempt is in progress" in shown


def test_a_command_prints_no_log_lines(run_flask, make_brand):
    number = refunds.pay(make_brand(seller=seller.EXEMPT)).order_number
    assert logging.getLogger().level == logging.INFO
    assert run_flask("orders", "refund", number, "--yes").stderr == ""
    assert logging.getLogger().level == logging.INFO


def test_times_are_those_of_the_tenants_zone(run_flask, make_brand):
    brand = make_brand(time_zone="Asia/Tokyo")
    number = open_payment(brand).order_number
    opened = load_order(brand, number).created_at

    account = run_flask("orders", "show", number).stdout

    assert "timeline (Asia/Tokyo)" in account
    assert f"{(opened.hour + 9) % 24:02d}:{opened:%M:%S}" in account


def test_a_number_may_be_typed_in_lower_case(run_flask, tenant):
    number = open_payment(tenant).order_number

    assert number in run_flask("orders", "show", number.lower()).stdout


def test_json_is_what_the_api_shows_a_secret_key(run_flask, tenant):
    number = pay(tenant)

    order = json.loads(run_flask("orders", "show", number, "--json").stdout)

    assert (order["orderNumber"], order["status"], order["amount"]) == (number, "completed", 4700)
    assert order["lines"] == [
        {
            "productId": "mystique",
            "quantity": 1,
            "unitAmount": 4700,
            "discount": 0,
            "shippedQuantity": 0,
            "returnedQuantity": 0,
        }
    ]
    assert order["refundedAmount"] == 0
    assert order["timeline"][0]["what"] == "opened"
    assert order["createdAt"].endswith("Z")


def test_an_unknown_number_is_one_line(run_flask):
    assert "There is no order NOPE-1." in run_flask("orders", "show", "NOPE-1", code=1).stderr
    run_flask("orders", "release", "NOPE-1", code=1)


def test_an_order_under_review_shows_how_to_release_it_and_is_released(run_flask, tenant):
    number = pay(tenant, received=100)
    account = run_flask("orders", "show", number).stdout
    assert "requested 47.00 EUR, received 1.00 EUR" in account
    assert f"amount_mismatch: `flask orders release {number}` completes it as paid" in account
    assert f"`flask orders refund {number}` refunds it" in account

    assert "released, now completed" in run_flask("orders", "release", number).stdout

    assert load_order(tenant, number).status is OrderStatus.COMPLETED
    assert "  released" in run_flask("orders", "show", number).stdout


def test_an_order_is_not_released_without_a_review(run_flask, tenant):
    number = pay(tenant)

    assert "is not under review" in run_flask("orders", "release", number, code=1).stderr


def test_an_order_is_refunded_in_full(run_flask, tenant):
    opened = refunds.pay(tenant)

    said = run_flask("orders", "refund", opened.order_number.lower(), "--yes").stdout

    [made] = refunds.list_stripe_refunds(tenant)
    assert said.splitlines() == [
        (
            f"{opened.order_number}: refund 47.00 EUR of {opened.payment_intent_id} "
            "(paid 47.00 EUR, refundable 47.00 EUR)."
        ),
        f"{made['id']}  succeeded  47.00 EUR",
        f"{opened.order_number}: 47.00 EUR refunded in total, now refunded.",
    ]
    assert refunds.audited(tenant, "refund_requested")[0].actor == "operator"
    assert "nothing" not in run_flask("orders", "show", opened.order_number).stdout
    assert "is fully refunded" in run_flask("orders", "refund", opened.order_number, "--yes", code=1).stderr


def test_an_order_is_partially_refunded_with_a_reason(run_flask, tenant):
    opened = refunds.pay(tenant)

    said = run_flask(
        "orders", "refund", opened.order_number, "--amount", "7,00", "--reason", "duplicate", "--yes"
    ).stdout

    [made] = refunds.list_stripe_refunds(tenant)
    assert (made["amount"], made["reason"]) == (700, "duplicate")
    assert "refund 7.00 EUR of" in said
    assert "now partially_refunded" in said
    above = run_flask("orders", "refund", opened.order_number, "--amount", "40.01", "--yes", code=1).stderr
    assert "At most 40.00 EUR of this payment can be refunded; 40.01 EUR was requested." in above


@pytest.mark.parametrize(
    "option",
    [
        ("--amount", "0"),
        ("--amount", "-5"),
        ("--amount", "7.5"),
        ("--amount", "1,000"),
        ("--amount", "7.00 USD"),
        ("--amount", "seven"),
        ("--reason", "because"),
    ],
)
def test_an_invalid_amount_or_reason_is_a_usage_error(run_flask, tenant, option):
    opened = refunds.pay(tenant)
    run_flask("orders", "refund", opened.order_number, *option, "--yes", code=2)
    assert refunds.list_stripe_refunds(tenant) == []


def test_a_refund_is_made_only_after_a_yes(run_flask, tenant):
    opened = refunds.pay(tenant)
    command = ("orders", "refund", opened.order_number, "--amount", "10")

    for stdin in ("n\n", "\n", ""):
        assert "Nothing was done" in run_flask(*command, stdin=stdin, code=1).stderr
    assert refunds.list_stripe_refunds(tenant) == []
    asked = run_flask(*command, stdin="y\n").stdout

    assert "refund 10.00 EUR of" in asked
    assert "Refund it now? [y/N]" in asked
    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [1000]


def test_a_refund_ends_the_review_of_an_order(run_flask, tenant):
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    intent = payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=4600
    )
    deliver(tenant, event("payment_intent.succeeded", intent))

    assert "now refunded" in run_flask("orders", "refund", opened.order_number, "--yes").stdout

    order = load_order(tenant, opened.order_number)
    assert (order.review_reason, order.grants) == (None, [])
    assert [known["amount"] for known in refunds.list_stripe_refunds(tenant)] == [4600]
    run_flask("orders", "release", opened.order_number, code=1)


def test_an_order_with_several_payments_requires_the_payment(run_flask, tenant):
    opened = refunds.pay(tenant)
    second = refunds.pay_again(tenant, opened)
    refunds.run_sweep(tenant)

    output = run_flask("orders", "refund", opened.order_number, "--yes", code=1).stderr
    assert f"{opened.payment_intent_id} (47.00 EUR refundable), {second} (0.00 EUR refundable)" in output

    named = ("--payment", opened.payment_intent_id)
    assert "now refunded" in run_flask("orders", "refund", opened.order_number, *named, "--yes").stdout


def test_a_payment_of_another_order_is_not_refunded(run_flask, tenant):
    opened, other = refunds.pay(tenant), refunds.pay(tenant)
    named = ("--payment", other.payment_intent_id)
    assert (
        "has no payment" in run_flask("orders", "refund", opened.order_number, *named, "--yes", code=1).stderr
    )
    assert refunds.list_stripe_refunds(tenant) == []


def test_an_unpaid_order_is_not_refunded(run_flask, tenant):
    for product in ("mystique", "simple"):
        number = open_payment(tenant, product).order_number
        assert "Nothing was paid" in run_flask("orders", "refund", number, "--yes", code=1).stderr
    run_flask("orders", "refund", "NOPE-1", "--yes", code=1)


def last_word(app: Flask, *arguments: object) -> str:
    """The last line of a command that fails at Stripe, after the log of the failure."""
    result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    return last


def test_a_refund_that_did_not_reach_stripe_is_shown_and_not_repeated(app, run_flask, tenant):
    opened = refunds.pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=refunds.REFUNDS, times=10)
    output = last_word(app, "orders", "refund", opened.order_number, "--amount", "7", "--yes")
    assert "The refund is recorded and will be sent" in output
    stripe_sandbox.clear_faults(tenant)
    assert "7.00 EUR of" in run_flask("orders", "show", opened.order_number).stdout
    assert "not sent to Stripe yet" in run_flask("orders", "show", opened.order_number).stdout

    run_flask("orders", "refund", opened.order_number, "--amount", "7.00", "--yes")
    refunds.run_sweep(tenant)
    assert [known["amount"] for known in refunds.list_stripe_refunds(tenant)] == [700]


def test_a_refund_that_stripe_refused_is_shown_with_its_reason(app, run_flask, tenant):
    opened = refunds.pay(tenant)
    refunds.refund_in_dashboard(tenant, opened)
    assert "Stripe refuses" in last_word(app, "orders", "refund", opened.order_number, "--yes")
    shown = run_flask("orders", "show", opened.order_number).stdout
    assert "refused: Charge" in shown
    assert "refund_refused  charge_already_refunded" in shown


def test_an_operator_cancels_an_unpaid_order(run_flask, tenant):
    number = open_payment(tenant, "shirt").order_number
    assert run_flask("orders", "cancel", number).stdout == f"{number}: cancelled, its stock is released.\n"
    assert load_order(tenant, number).status is OrderStatus.CANCELLED
    refused = run_flask("orders", "cancel", number, code=1)
    assert "does not wait for a payment: it is cancelled" in refused.stderr


def test_a_paid_order_cannot_be_canceled(run_flask, tenant):
    refused = run_flask("orders", "cancel", pay(tenant), code=1)
    assert "flask orders refund" in refused.stderr


def test_an_order_says_why_it_is_not_completed_and_which_command_repairs_it(run_flask, tenant):
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    number = opened.order_number

    shown = run_flask("orders", "show", number).stdout
    assert f" payment.\n            flask orders poll {number}\n" in shown
    assert run_flask("orders", "poll", number).stdout == f"{number}: repaired, now completed.\n"

    assert "waits" not in run_flask("orders", "show", number).stdout
    assert (
        run_flask("orders", "poll", number).stdout == f"{number}: Stripe knows nothing new, now completed.\n"
    )


def test_orders_are_found_and_exported(run_flask, tenant):
    opened = open_payment(tenant, customer_name="Ana Dupont")

    found = run_flask("orders", "find", "dupont", "--tenant", tenant.slug).stdout
    assert found.splitlines()[1].startswith(f"{opened.order_number}  {tenant.slug}  pending  47.00 EUR")

    exported = run_flask("orders", "export", "--tenant", tenant.slug, "--search", "dupont").stdout
    assert exported.startswith('\ufeff"Commande";"Statut"')
    assert f'"{opened.order_number}";"pending"' in exported
    assert (
        run_flask("orders", "export", "--tenant", tenant.slug, "--to", "2020-01-01").stdout.count("\n") == 1
    )


def test_an_operator_refunds_lines_writes_notes_and_sends_messages_again(run_flask, tenant):
    cart = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, cart.session_id)
    refunds.deliver_events(tenant)

    said = run_flask(
        "orders", "refund", cart.order_number, "--line", "shirt", "--line", "cap:1", "--yes"
    ).stdout
    assert "refund 78.00 EUR of" in said
    run_flask("orders", "refund", cart.order_number, "--line", "cap", "--yes", code=1)
    run_flask("orders", "refund", cart.order_number, "--line", "cap:x", "--yes", code=2)
    run_flask("orders", "refund", cart.order_number, "--line", "cap", "--amount", "1", "--yes", code=2)

    assert run_flask("orders", "note", cart.order_number, "Agreed.").stdout == "Noted.\n"
    resent = run_flask("orders", "resend", cart.order_number, "order_confirmation")
    assert resent.stdout == "1 message due now.\n"
    assert "no message" in run_flask("orders", "resend", cart.order_number, "access_link", code=1).stderr
