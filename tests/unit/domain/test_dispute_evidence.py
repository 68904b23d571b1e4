"""A response to a dispute: what is drafted from the records, and what must be true before it is sent."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from lumira.domain import dispute_evidence
from lumira.domain.dispute_evidence import FIELDS, NoResponse, cleaned, problem_of, why_not_respondable
from lumira.domain.evidence_draft import Records, draft
from lumira.domain.evidence_texts import ENGLISH, FRENCH
from lumira.models import (
    AccessGrant,
    Dispute,
    DisputeStatus,
    GrantReason,
    Language,
    MessageKind,
    MessageStatus,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    PaymentState,
    ProductKind,
    Receipt,
    ReceiptKind,
    Refund,
    RefundStatus,
    Shipment,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")


def make_dispute(
    status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE, due_at: datetime | None = NOW + DAY
) -> Dispute:
    return Dispute(
        order_id=uuid4(), stripe_dispute_id="du_1", stripe_charge_id="ch_1", status=status, due_at=due_at,
        amount=4700, currency="eur", movements=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dispute", "reason"),
    [
        (make_dispute(), None),
        (make_dispute(DisputeStatus.WARNING_NEEDS_RESPONSE, None), None),
        (make_dispute(due_at=NOW), NoResponse.DEADLINE),
        (make_dispute(DisputeStatus.UNDER_REVIEW), NoResponse.NOT_AWAITED),
        (make_dispute(DisputeStatus.LOST), NoResponse.NOT_AWAITED),
        (make_dispute(DisputeStatus.APPEAL_NEEDS_RESPONSE), NoResponse.APPEAL),
    ],
)
def test_a_response_is_sent_only_while_the_bank_waits_for_one(
    dispute: Dispute, reason: NoResponse | None
) -> None:
    assert why_not_respondable(dispute, None, NOW) == reason


def test_a_bank_gets_one_response_and_another_only_if_stripe_refused_it() -> None:
    dispute = make_dispute()
    evidence = dispute_evidence.freeze(
        dispute, {"customer_name": "Ada"}, tenant_id=1, actor="operator:1", now=NOW
    )
    assert why_not_respondable(dispute, evidence, NOW) is NoResponse.SENT
    dispute_evidence.mark_refused(evidence, code="invalid", message="…", now=NOW)
    assert why_not_respondable(dispute, evidence, NOW) is None


def test_what_is_written_is_stored_without_card_numbers_and_invisible_characters() -> None:
    written = {
        "customer_name": "  Ada\x00 Lovelace ",
        "uncategorized_text": "first\r\nsecond\u00a0: 4242 4242 4242 4242",
        "service_date": "   ",
        "receipt": "file_1",
    }
    assert cleaned(written) == {
        "customer_name": "Ada Lovelace",
        "uncategorized_text": "first\nsecond\u00a0: 4000 0000 0000 0000",
    }


def test_a_response_is_neither_empty_nor_longer_than_stripe_accepts() -> None:
    assert problem_of({}) is NoResponse.EMPTY
    assert problem_of({"customer_name": "Ada"}) is None
    assert problem_of({"uncategorized_text": "x" * 20_001}) is NoResponse.TOO_LONG
    assert problem_of(dict.fromkeys(FIELDS[:7], "x" * 20_000)) is None
    assert problem_of(dict.fromkeys(FIELDS[:8], "x" * 20_000)) is NoResponse.TOO_LONG


def make_order() -> Order:
    order = Order(
        id=uuid4(), order_number="TST-1", amount=4700, currency="eur", customer_email="ada@example.com",
        customer_name="Ada", completed_at=NOW, created_at=NOW,
        consents={"terms": "2026-11", "terms_url": "https://shop.example/terms", "immediate_delivery": True,
                  "wording": None, "at": NOW.isoformat()},
        shipping_address={"country": "FR", "name": "Ada", "line1": "1 rue de la Paix", "postal_code": "75002",
                          "city": "Paris"},
    )  # fmt: skip
    line = OrderLine(
        id=uuid4(), position=0, product_id="mystique", product_name="Niveau {Mystique}", kind=ProductKind.DIGITAL,
        quantity=1, unit_amount=4700,
    )  # fmt: skip
    order.lines.append(line)
    order.payments.append(
        Payment(
            stripe_payment_intent_id="pi_1", stripe_charge_id="ch_1", state=PaymentState.SUCCEEDED, amount=4700,
            amount_received=4700, currency="eur", succeeded_at=NOW,
        )
    )  # fmt: skip
    order.grants.append(
        AccessGrant(
            order_line_id=line.id, product_id="mystique", active=False, reason=GrantReason.DISPUTED,
            granted_at=NOW + timedelta(seconds=2),
        )
    )  # fmt: skip
    order.messages.append(
        OutboxMessage(
            kind=MessageKind.ORDER_CONFIRMATION, subject="", status=MessageStatus.SENT,
            sent_at=NOW + timedelta(seconds=9),
        )
    )  # fmt: skip
    order.messages.append(
        OutboxMessage(kind=MessageKind.ORDER_REFUNDED, subject="re_1", status=MessageStatus.DEAD)
    )
    return order


def drafted(order: Order, language: Language = Language.ENGLISH, *, currency: str = "eur") -> dict[str, str]:
    records = Records(
        order=order,
        dispute=make_dispute(),
        receipts=[
            Receipt(kind=ReceiptKind.RECEIPT, label="R-2026-1", amount=4700, currency=currency, issued_at=NOW)
        ],
        links=[NOW + timedelta(seconds=8)],
        delivered=[("Portrait", NOW + DAY)],
    )
    return draft(records, language=language, zone=PARIS)


def test_the_draft_says_what_is_recorded_with_times_and_claims_nothing_else() -> None:
    fields = drafted(make_order())
    assert set(fields) <= set(FIELDS)
    assert fields["customer_name"] == "Ada"
    assert (
        fields["product_description"]
        == "1 \N{MULTIPLICATION SIGN} Niveau {Mystique}, 47.00 EUR each (digital content)."
    )
    assert fields["service_date"] == "2026-05-01"
    assert fields["access_activity_log"].splitlines() == [
        "2026-05-01 14:00:02 CEST  Access to “Niveau {Mystique}” granted to the account of ada@example.com.",
        "2026-05-01 14:00:08 CEST  Personal link to the purchases created for ada@example.com.",
        "2026-05-02 14:00:00 CEST  “Portrait”, made for the buyer, delivered to them.",
    ]
    assert "version 2026-11 (https://shop.example/terms)" in fields["refund_policy_disclosure"]
    assert "right of withdrawal" in fields["refund_policy_disclosure"]
    assert fields["uncategorized_text"].splitlines() == [
        "Order TST-1, paid 47.00 EUR on 2026-05-01 14:00:00 CEST (payment pi_1).",
        "Receipt R-2026-1, 47.00 EUR, issued on 2026-05-01 14:00:00 CEST.",
        "E-mail “order confirmation” sent to ada@example.com on 2026-05-01 14:00:09 CEST.",
        "Nothing was refunded.",
    ]
    assert fields["shipping_address"] == "Ada\n1 rue de la Paix\n75002 Paris\nFrance"
    assert "shipping_carrier" not in fields


def test_the_draft_names_parcels_and_refunds_and_leaves_out_what_is_not_known() -> None:
    order = make_order()
    order.customer_name = order.customer_email = order.consents = None
    order.refunds.append(
        Refund(
            stripe_refund_id="re_1", amount=1000, currency="eur", status=RefundStatus.SUCCEEDED,
            created_at=NOW + DAY,
        )
    )  # fmt: skip
    order.shipments += [
        Shipment(carrier="colissimo", tracking_number="6A1", shipped_at=NOW, lines=[]),
        Shipment(carrier="colissimo", tracking_number="6A2", shipped_at=NOW, lines=[]),
        Shipment(carrier="colissimo", tracking_number="6A3", shipped_at=NOW, cancelled_at=NOW, lines=[]),
    ]
    fields = drafted(order)
    assert not {"customer_name", "customer_email_address", "refund_policy_disclosure"} & set(fields)
    assert (fields["shipping_carrier"], fields["shipping_tracking_number"]) == ("Colissimo", "6A1, 6A2")
    assert fields["shipping_date"] == "2026-05-01"
    assert "Refund re_1 of 10.00 EUR on 2026-05-02 14:00:00 CEST: made." in fields["uncategorized_text"]
    assert "Nothing was refunded" not in fields["uncategorized_text"]


def test_the_draft_has_the_amount_of_a_receipt_in_its_own_currency() -> None:
    assert "Receipt R-2026-1, 4700 JPY" in drafted(make_order(), currency="jpy")["uncategorized_text"]


def test_the_draft_has_the_same_fields_in_both_languages() -> None:
    assert FRENCH.keys() == ENGLISH.keys()
    assert drafted(make_order(), Language.FRENCH).keys() == drafted(make_order()).keys()
