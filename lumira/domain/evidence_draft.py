"""A draft of the response to a dispute, assembled from what is recorded about its order. Pure.

What is not recorded is not claimed: downloads are not logged, so that only access and links are named.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from lumira.domain.evidence_texts import DECISIONS, MESSAGES, REFUNDS, SENTENCES, word
from lumira.domain.goods import addresses, parcels
from lumira.domain.goods.carriers import name_of
from lumira.domain.order_money import disputed_payment
from lumira.models import Dispute, Language, MessageStatus, Order, Receipt, ReceiptKind
from lumira.money import format_amount


@dataclass(frozen=True, slots=True)
class Records:
    """What is recorded about the order of a dispute, besides the rows that are loaded with it."""

    order: Order
    dispute: Dispute
    receipts: Sequence[Receipt]
    #: When personal links to the purchases were created for the buyer.
    links: Sequence[datetime]
    #: What was made for the buyer and delivered: its title and when.
    delivered: Sequence[tuple[str, datetime]]


def draft(records: Records, *, language: Language, zone: ZoneInfo) -> dict[str, str]:
    """Return the fields that the records fill in, by Stripe's names; times are in the tenant's time zone."""
    writer = _Writer(records, language, zone)
    fields = {
        "customer_name": records.order.customer_name,
        "customer_email_address": records.order.customer_email,
        "product_description": "\n".join(writer.lines()),
        "access_activity_log": "\n".join(writer.accesses()),
        "service_date": writer.service_date(),
        **writer.shipping(),
        "refund_policy_disclosure": "\n".join(writer.consents()),
        "uncategorized_text": "\n".join(writer.history()),
    }
    return {name: text for name, text in fields.items() if text}


@dataclass(frozen=True, slots=True)
class _Writer:
    records: Records
    language: Language
    zone: ZoneInfo

    @property
    def order(self) -> Order:
        return self.records.order

    def say(self, sentence: str, /, **values: object) -> str:
        return SENTENCES[self.language][sentence].format(**values)

    def at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}"

    def day(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d}"

    def amount(self, minor_units: int) -> str:
        return format_amount(minor_units, self.order.currency)

    def lines(self) -> Iterator[str]:
        for line in self.order.lines:
            kind = self.say("digital" if line.grants_access else "physical")
            amount = self.amount(line.unit_amount)
            yield self.say("line", units=line.quantity, name=line.product_name, amount=amount, kind=kind)

    def accesses(self) -> list[str]:
        names = {line.id: line.product_name for line in self.order.lines}
        email = self.order.customer_email or ""
        found = [("granted", each.granted_at, names[each.order_line_id]) for each in self.order.grants]
        found += [("link", created_at, "") for created_at in self.records.links]
        found += [("delivered", delivered_at, title) for title, delivered_at in self.records.delivered]
        found.sort(key=lambda entry: entry[1])
        return [self.say(what, at=self.at(at), name=name, email=email) for what, at, name in found]

    def service_date(self) -> str:
        is_service = any(line.grants_access for line in self.order.lines)
        return self.day(self.order.completed_at) if is_service and self.order.completed_at else ""

    def shipping(self) -> dict[str, str]:
        shipments = parcels.sent_shipments(self.order)
        return {
            "shipping_address": "\n".join(self._address()),
            "shipping_carrier": _joined(name_of(each.carrier) for each in shipments),
            "shipping_date": _joined(self.day(each.shipped_at) for each in shipments),
            "shipping_tracking_number": _joined(each.tracking_number for each in shipments),
        }

    def _address(self) -> list[str]:
        stored = self.order.shipping_address
        address = addresses.read(stored)
        if address is None or address.is_country_only:
            return []
        return addresses.lines_of(stored, str(self.language))

    def consents(self) -> Iterator[str]:
        consents = self.order.consents
        if not consents or not consents.get("terms"):
            return
        url, at = consents.get("terms_url"), datetime.fromisoformat(consents["at"])
        shown = f" ({url})" if url else ""
        yield self.say("terms", at=self.at(at), version=consents["terms"], url=shown)
        if consents.get("immediate_delivery"):
            yield self.say("immediate")

    def history(self) -> Iterator[str]:
        payment = disputed_payment(self.order, self.records.dispute)
        if payment is not None and payment.succeeded_at is not None:
            yield self.say(
                "paid",
                number=self.order.order_number,
                amount=format_amount(payment.amount_received, payment.currency),
                at=self.at(payment.succeeded_at),
                payment=payment.stripe_payment_intent_id,
            )
        for receipt in self.records.receipts:
            name = "receipt" if receipt.kind is ReceiptKind.RECEIPT else "credit_note"
            yield self.say(
                name,
                label=receipt.label,
                amount=format_amount(receipt.amount, receipt.currency),
                at=self.at(receipt.issued_at),
            )
        yield from self._messages()
        for refund in self.order.refunds:
            yield self.say(
                "refund",
                refund=refund.stripe_refund_id,
                amount=format_amount(refund.amount, refund.currency),
                at=self.at(refund.created_at),
                status=word(REFUNDS[refund.status], self.language),
            )
        if not self.order.refunds:
            yield self.say("no_refund")
        for withdrawal in self.order.withdrawals:
            decision = DECISIONS[str(withdrawal.decision) if withdrawal.decision else None]
            yield self.say(
                "withdrawal", at=self.at(withdrawal.requested_at), decision=word(decision, self.language)
            )

    def _messages(self) -> Iterator[str]:
        for message in self.order.messages:
            kind = MESSAGES.get(message.kind)
            if kind is None or message.status is not MessageStatus.SENT or message.sent_at is None:
                continue
            yield self.say(
                "message",
                kind=word(kind, self.language),
                email=self.order.customer_email or "",
                at=self.at(message.sent_at),
            )


def _joined(parts: Iterable[str | None]) -> str:
    """Return each part once, as Stripe asks for several carriers, dates and numbers."""
    return ", ".join(dict.fromkeys(filter(None, parts)))
