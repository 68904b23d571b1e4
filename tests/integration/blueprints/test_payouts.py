"""`GET /api/payouts`: what Stripe transferred, and whether it matches the orders."""

import pytest

from tests.support import stripe_sandbox
from tests.support.payouts import control, pay_out, read, sell

pytestmark = pytest.mark.usefixtures("app_context")


def test_payouts_are_listed_with_what_does_not_match(client, tenant) -> None:
    sell(tenant)
    first = pay_out(tenant)
    sell(tenant)
    second = pay_out(tenant)
    newest = stripe_sandbox.call(tenant, "GET", "/v1/balance_transactions?type=charge")["data"][0]
    control(tenant, "payouts/change", transaction=newest["id"], fee=100)
    read(tenant)

    reply = client.get("/api/payouts", headers=tenant.secret)
    assert reply.status_code == 200
    found = {payout["payoutId"]: payout for payout in reply.json["payouts"]}
    assert found.keys() == {first, second}
    assert (found[first]["amount"], found[first]["currency"], found[first]["status"]) == (4604, "eur", "paid")
    assert found[first]["mismatches"] == []
    assert found[second]["mismatches"] == [
        {"reason": "sum", "expected": 4604, "found": 4600, "transactionId": None, "orderNumber": None}
    ]


def test_the_pages_of_the_list_contain_each_payout_once(client, tenant) -> None:
    made = set()
    for _ in range(3):
        sell(tenant)
        made.add(pay_out(tenant))
    read(tenant)
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/payouts?limit=2{cursor and f'&cursor={cursor}'}", headers=tenant.secret).json
        seen += [payout["payoutId"] for payout in page["payouts"]]
        cursor = page["next"]
    assert len(seen) == 3
    assert set(seen) == made


def test_one_payout_has_its_lines_with_their_orders(client, tenant) -> None:
    number = sell(tenant)
    control(tenant, "foreign_sales", outcome="paid", amount=1000)
    stripe_sandbox.advance(tenant, 5)
    payout_id = pay_out(tenant)
    read(tenant)
    whole = client.get(f"/api/payouts/{payout_id}", headers=tenant.secret).json
    assert (whole["ownNet"], whole["otherNet"], whole["payout"]["amount"]) == (4604, 960, 5564)
    lines = {line["orderNumber"]: line for line in whole["lines"]}
    assert lines.keys() == {number, None}
    assert (lines[number]["amount"], lines[number]["fee"], lines[number]["net"]) == (4700, 96, 4604)


def test_an_order_has_the_fee_and_the_net_amount_of_its_payment(client, tenant) -> None:
    number = sell(tenant)

    def payment():
        return client.get(f"/api/orders/{number}", headers=tenant.secret).json["payments"][0]

    assert (payment()["fee"], payment()["net"], payment()["balanceCurrency"]) == (None, None, None)
    read(tenant)
    assert (payment()["fee"], payment()["net"], payment()["balanceCurrency"]) == (96, 4604, "eur")


def test_payouts_need_a_secret_key(client, tenant) -> None:
    assert client.get("/api/payouts", headers=tenant.publishable).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?cursor=po_unknown", 404),
        ("?cursor=nonsense", 400),
        ("?cursor=po_%00", 400),
        ("?limit=0", 400),
        ("?limit=101", 400),
        ("?amount=1", 400),
        ("/po_unknown", 404),
        ("/po_%00", 404),
    ],
)
def test_what_does_not_exist_or_makes_no_sense_is_refused(client, tenant, path, status) -> None:
    assert client.get(f"/api/payouts{path}", headers=tenant.secret).status_code == status
