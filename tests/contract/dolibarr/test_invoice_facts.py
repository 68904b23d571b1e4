"""Invoices, credit notes and payments of the sandbox's Dolibarr are those that were measured, traps included."""

from tests.contract.dolibarr.test_record_facts import at_once


def test_an_invoice_is_numbered_and_unpaid_when_it_is_validated(server, get, post, invoice) -> None:
    number = invoice()
    _, read = get(f"/invoices/{number}")
    assert (read["ref"], read["status"]) == ("IN2611-0001", "1")
    assert (read["totalpaid"], read["remaintopay"]) == ("0.00000000", "23.79000000")
    assert server.call("POST", f"/invoices/{number}/validate", json={}).status_code == 304


def test_an_invoice_is_linked_to_its_order(get, create, ada, invoice) -> None:
    order = create("/orders", socid=ada, date="2026-11-20")
    number = invoice(linked_objects={"commande": order})
    assert str(order) in get(f"/invoices/{number}")[1]["linkedObjectsIds"]["commande"].values()


def test_a_full_payment_closes_the_invoice(get, invoice, pay) -> None:
    number = invoice()
    status, payment = pay(number, "23.79")
    assert (status, payment) == (200, 1)
    _, read = get(f"/invoices/{number}")
    assert (read["status"], read["remaintopay"]) == ("2", "0.00000000")
    (listed,) = get(f"/invoices/{number}/payments")[1]
    assert listed.keys() == {"amount", "type", "date", "num", "ref", "ref_ext", "fk_bank_line"}
    assert (listed["amount"], listed["ref_ext"], listed["num"]) == ("23.79000000", "pay_1", "pay_1")


def test_a_part_leaves_the_invoice_open(get, invoice, pay) -> None:
    number = invoice()
    pay(number, "20.00")
    assert (get(f"/invoices/{number}")[1]["status"], get(f"/invoices/{number}")[1]["remaintopay"]) == (
        "1",
        "3.79000000",
    )


def test_both_keys_of_an_amount_are_needed(server, post, invoice) -> None:
    common = {"datepaye": 1795000000, "paymentid": 6, "closepaidinvoices": "yes", "accountid": 1}
    for amount in ("20.00", {"amount": "20.00"}):
        body = {**common, "arrayofamounts": {str(invoice()): amount}}
        reply = server.call("POST", "/invoices/paymentsdistributed", json=body)
        assert (reply.status_code, reply.content) == (500, b"")
        assert reply.headers["Content-Type"].startswith("text/html")


def test_more_than_remains_is_a_400(invoice, pay) -> None:
    number = invoice()
    pay(number, "23.79")
    status, body = pay(number, "23.79")
    assert status == 400
    assert body["error"]["message"].endswith("(23.79) is higher than remain to pay (0)")


def test_a_draft_can_be_paid_and_then_neither_be_validated_nor_deleted(
    server, get, post, invoice, pay
) -> None:
    number = invoice(is_draft=True)
    assert pay(number, "23.79")[0] == 200
    _, read = get(f"/invoices/{number}")
    assert (read["ref"], read["status"]) == (f"(PROV{number})", "2")
    assert post(f"/invoices/{number}/validate") == (304, None)
    assert get(f"/invoices/{number}")[1]["ref"] == f"(PROV{number})"
    assert server.call("DELETE", f"/invoices/{number}").status_code == 500


def test_the_same_payment_is_booked_twice_while_something_remains(server, invoice, pay) -> None:
    number = invoice()
    assert pay(number, "10.00")[0] == pay(number, "10.00")[0] == 200
    assert [row["ref_ext"] for row in server.payments()] == ["pay_1", "pay_1"]


def test_of_four_full_payments_at_once_two_are_booked_one_is_a_deadlock_and_one_too_high(
    server, get, invoice, pay
) -> None:
    # All four read before the first one writes, also on a busy machine.
    server.configure(race_window_ms=2000)
    number = invoice()

    replies = at_once(4, lambda _: pay(number, "23.79"))

    assert sorted(status for status, _ in replies) == [200, 200, 400, 400]
    texts = " ".join(body["error"]["message"] for status, body in replies if status == 400)
    assert "Deadlock found when trying to get lock; try restarting transaction" in texts
    assert "is higher than remain to pay" in texts
    assert get(f"/invoices/{number}")[1]["remaintopay"] == "-23.79000000"
    assert len(server.payments()) == 2


def test_the_other_route_for_payments_pays_the_whole_remainder_without_external_reference(
    server, post, invoice, pay
) -> None:
    number = invoice()
    pay(number, "3.79")
    body = {
        "datepaye": 1795000000,
        "paymentid": 6,
        "closepaidinvoices": "yes",
        "accountid": 1,
        "ref_ext": "x",
    }
    assert post(f"/invoices/{number}/payments", **body)[0] == 200
    assert [(row["amount"], row["ref_ext"]) for row in server.payments()][1:] == [("20.00", None)]


def credit_note(create, post, ada, source, *, quantity=1, subprice="5", is_validated=True, **more):
    lines = [{"qty": quantity, "subprice": subprice, "tva_tx": "19"}]
    body = {
        "type": 2,
        "socid": ada,
        "date": "2026-11-21",
        "lines": lines,
        "fk_facture_source": source,
        **more,
    }
    number = create("/invoices", **body)
    if is_validated:
        assert post(f"/invoices/{number}/validate")[0] == 200
    return number


def test_totals_of_a_credit_note_become_negative_either_way(get, create, post, ada, invoice) -> None:
    source = invoice()
    for n, quantity in enumerate((1, -1), 1):
        number = credit_note(create, post, ada, source, quantity=quantity)
        _, read = get(f"/invoices/{number}")
        assert (read["ref"], read["total_ttc"], read["type"]) == (f"IC2611-000{n}", "-5.95000000", "2")


def test_a_credit_note_without_its_invoice_and_above_it_is_accepted(create, post, ada, invoice, pay) -> None:
    assert credit_note(create, post, ada, None)
    high = credit_note(create, post, ada, invoice(), subprice="500")
    assert pay(high, "595.00")[0] == 200


def test_a_positive_amount_pays_a_credit_note_out(server, get, create, post, ada, invoice, pay) -> None:
    number = credit_note(create, post, ada, invoice())
    assert pay(number, "5.95")[0] == 200
    assert get(f"/invoices/{number}")[1]["status"] == "2"
    assert server.payments()[-1]["amount"] == server.rows("bankline")[-1]["amount"] == "-5.95"
    assert pay(number, "5.95")[0] == 400


def test_the_other_route_books_a_credit_note_with_the_wrong_sign(
    server, get, create, post, ada, invoice
) -> None:
    number = credit_note(create, post, ada, invoice(), subprice="19.99")
    body = {"datepaye": 1795000000, "paymentid": 6, "closepaidinvoices": "yes", "accountid": 1}
    assert post(f"/invoices/{number}/payments", **body)[0] == 200
    assert server.rows("bankline")[-1]["amount"] == "23.79"
    assert get(f"/invoices/{number}")[1]["remaintopay"] == "-47.58000000"


def test_older_versions_refuse_the_payout_of_a_credit_note_as_too_high(
    server, create, post, ada, invoice, pay
) -> None:
    server.configure(refuses_payouts=True)
    status, body = pay(credit_note(create, post, ada, invoice()), "5.95")
    assert status == 400
    assert "is higher than remain to pay (-5.95)" in body["error"]["message"]


def test_a_credit_note_becomes_credit_and_no_money_goes_out(server, get, create, post, ada, invoice) -> None:
    number = credit_note(create, post, ada, invoice())
    assert post(f"/invoices/{number}/markAsCreditAvailable")[0] == 200
    assert get(f"/invoices/{number}")[1]["status"] == "2"
    assert server.payments() == []
