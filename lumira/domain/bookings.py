"""What is booked for a receipt, a movement of the balance at Stripe, and a payout.

Amounts are minor units of the books' currency, positive for a debit, and those of one entry add up to 0. Makes no query
and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumira.domain.accounts import VAT, Role
from lumira.domain.shares import cost_of_units, split
from lumira.models import LedgerEvent, PayoutStatus, ProductKind, ReceiptKind

Amounts = Mapping[str, int]

#: Stripe's type of a movement that is the VAT in fees of the account.
_TAX_TYPE = "tax_fee"
#: Stripe's types of movements without a source that are fees of the account.
_FEE_TYPES = ("stripe_fee", "stripe_fx_fee", _TAX_TYPE, "network_cost")
_FEE_CATEGORY = "fee"
#: Stripe's types of payouts, and of payouts that come back. What it holds back for a minimum balance is none.
_PAYOUT_TYPES = ("payout", "payout_cancel", "payout_failure")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of an order: its kind, and what its units cost together after the discount."""

    line_id: str
    kind: ProductKind
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class BookedDocument:
    """A receipt or credit note as it is booked; amounts are positive, VAT included, in the books' currency."""

    kind: ReceiptKind
    amount: int
    #: `None` where the seller charges none.
    vat_amount: int | None
    vat_rate: str | None
    #: What each kind of income has of the amount; only the proportions count.
    weights: Mapping[Role, int]


def weights_of(
    lines: Sequence[Mapping[str, Any]],
    sold: Sequence[SoldLine],
    *,
    postage_names: Sequence[str],
    refunded: Sequence[Mapping[str, Any]] | None = None,
) -> dict[Role, int]:
    """Return how much of a document is goods, services and postage.

    `lines` are those of the document, on which the postage is named; `refunded` are the lines of a refund request, if
    it names any. The rest of a document has the proportions of what was sold.
    """
    whole = sum(line["amount"] for line in lines)
    postage = min(
        max(sum(line["amount"] for line in lines if line["name"] in postage_names), 0), max(whole, 0)
    )
    parts = _kinds(sold, refunded) or _kinds(sold, None) or {Role.SERVICES: 1}
    amounts = split(max(whole, 0) - postage, list(parts.values()))
    weights = dict(zip(parts, amounts, strict=True))
    if postage:
        weights[Role.POSTAGE] = postage
    return weights


def _kinds(sold: Sequence[SoldLine], refunded: Sequence[Mapping[str, Any]] | None) -> dict[Role, int]:
    units = None if refunded is None else {item["line_id"]: int(item["quantity"]) for item in refunded}
    parts: dict[Role, int] = {}
    for line in sold:
        count = line.quantity if units is None else min(units.get(line.line_id, 0), line.quantity)
        amount = cost_of_units(line.amount, line.quantity, before=0, units=count)
        role = Role.GOODS if line.kind is ProductKind.PHYSICAL else Role.SERVICES
        if amount:
            parts[role] = parts.get(role, 0) + amount
    return parts


def book_document(document: BookedDocument) -> Amounts:
    """Return the amounts of a receipt, or, reversed, of a credit note."""
    sign = -1 if document.kind is ReceiptKind.CREDIT_NOTE else 1
    roles = [role for role, weight in document.weights.items() if weight > 0] or [Role.SERVICES]
    gross = split(document.amount, [document.weights.get(role, 0) or 1 for role in roles])
    vat = document.vat_amount or 0
    included = split(vat, gross)
    amounts: dict[str, int] = {Role.CUSTOMER: sign * document.amount}
    for role, with_vat, part in zip(roles, gross, included, strict=True):
        amounts[role] = -sign * (with_vat - part)
    if vat:
        amounts[f"{VAT}{document.vat_rate}"] = -sign * vat
    return without_zeros(amounts)


def in_books_currency(document: BookedDocument, amount: int) -> BookedDocument:
    """Return a document in another currency as it is booked: `amount` is what Stripe converted it to."""
    vat = document.vat_amount
    if vat is not None:
        vat = split(amount, [vat, document.amount - vat])[0]
    return BookedDocument(document.kind, amount, vat, document.vat_rate, document.weights)


def event_of_document(kind: ReceiptKind, *, is_of_sale: bool) -> LedgerEvent:
    """Return what the entry of a document is about."""
    if kind is ReceiptKind.CREDIT_NOTE:
        return LedgerEvent.CREDIT_NOTE
    return LedgerEvent.SALE if is_of_sale else LedgerEvent.REFUND_CORRECTION


#: The account that a movement of the balance is booked against.
_AGAINST: Mapping[LedgerEvent, Role] = {
    LedgerEvent.PAYMENT: Role.CUSTOMER,
    LedgerEvent.REFUND: Role.CUSTOMER,
    LedgerEvent.DISPUTE: Role.DISPUTES,
    LedgerEvent.FEE: Role.FEES,
    LedgerEvent.PAYOUT: Role.TRANSIT,
    LedgerEvent.OTHER: Role.SUSPENSE,
}


def event_of_movement(source: LedgerEvent | None, *, type_: str, category: str | None) -> LedgerEvent:
    """Return what a movement is about: `source` is what it is of an order of the tenant, if it is of one."""
    if source is not None:
        return source
    if type_ in _PAYOUT_TYPES:
        return LedgerEvent.PAYOUT
    is_fee = type_ in _FEE_TYPES or category == _FEE_CATEGORY
    return LedgerEvent.FEE if is_fee else LedgerEvent.OTHER


def deductible_tax(type_: str, *, amount: int, fee_tax: int | None, has_vat: bool) -> int:
    """Return the VAT in the fees of a movement; 0 for a seller without VAT (CGI, article 293 B), who deducts none."""
    if not has_vat:
        return 0
    return -amount if type_ == _TAX_TYPE else fee_tax or 0


def is_other_deduction(missing: Amounts) -> bool:
    """Whether only the VAT in fees would be booked otherwise: the seller began or ceased to deduct it meanwhile."""
    return missing.keys() == {Role.FEES, Role.FEES_VAT}


def book_movement(event: LedgerEvent, *, amount: int, fee: int, tax: int) -> Amounts:
    """Return the amounts of a movement of the balance: `amount` and `fee` with Stripe's signs, `tax` is of the fees."""
    amounts: dict[str, int] = {Role.STRIPE: amount - fee}
    for role, value in ((_AGAINST[event], -amount), (Role.FEES, fee - tax), (Role.FEES_VAT, tax)):
        amounts[role] = amounts.get(role, 0) + value
    return without_zeros(amounts)


def book_arrival(status: PayoutStatus, amount: int) -> Amounts:
    """Return the amounts of a payout in the bank account: none until it has arrived, or if the bank returned it."""
    return without_zeros({Role.BANK: amount, Role.TRANSIT: -amount}) if status.is_arrived else {}


def difference(wanted: Amounts, booked: Amounts) -> Amounts:
    """Return what is still to be booked so that what is booked becomes what is wanted."""
    roles = dict.fromkeys([*wanted, *booked])
    return without_zeros({role: wanted.get(role, 0) - booked.get(role, 0) for role in roles})


def without_zeros(amounts: Amounts) -> Amounts:
    """Return the amounts that are not 0."""
    return {str(role): amount for role, amount in amounts.items() if amount}
