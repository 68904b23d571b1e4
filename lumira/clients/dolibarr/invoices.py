"""Invoices, credit notes and their payments. Each function raises the errors of `lumira.clients.dolibarr.errors`."""

from collections.abc import Sequence
from datetime import date, datetime

from lumira.clients.dolibarr import lines as new_lines
from lumira.clients.dolibarr import replies, searches, transport, values
from lumira.clients.dolibarr.records import EXTRA_FIELD, DolibarrAccount, Invoice, NewLine, Payment

_PATH = "/invoices"
_STANDARD, _CREDIT_NOTE = 0, 2


def find_invoice(account: DolibarrAccount, invoice_id: int) -> Invoice | None:
    """Return an invoice or credit note, or `None`: it was deleted."""
    found = transport.find(account, "find_invoice", f"{_PATH}/{invoice_id}")
    return None if found is None else replies.read(lambda: replies.invoice(found, account.currency))


def find_invoice_by_lumira_id(account: DolibarrAccount, lumira_id: str) -> Invoice | None:
    """Return the invoice or credit note with this id of ours, or `None`."""
    found = searches.by_lumira_id(account, "find_invoice_by_lumira_id", _PATH, lumira_id)
    return None if found is None else replies.read(lambda: replies.invoice(found, account.currency))


def list_invoices(
    account: DolibarrAccount,
    *,
    modified_since: datetime | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[Invoice]:
    """Return the next invoices and credit notes by id; `modified_since` as in `list_third_parties`.

    A list may lack `paid` and `remaining`: Dolibarr computes them for single invoices.
    """
    found = searches.page(
        account, "list_invoices", _PATH, modified_since=modified_since, after_id=after_id, limit=limit
    )
    return replies.read(lambda: [replies.invoice(record, account.currency) for record in found])


def create_invoice(
    account: DolibarrAccount,
    *,
    third_party_id: int,
    lumira_id: str,
    day: date,
    lines: Sequence[NewLine],
    order_id: int | None = None,
) -> int:
    """Create a draft, linked to an order if one is given, and return its id.

    Raises `DolibarrDuplicate` if there is an invoice with this id of ours.
    """
    body = _document(third_party_id, lumira_id, day, lines)
    linked = {} if order_id is None else {"linked_objects": {"commande": order_id}}
    return replies.created_id(
        transport.post(account, "create_invoice", _PATH, {**body, "type": _STANDARD, **linked})
    )


def create_credit_note(
    account: DolibarrAccount,
    *,
    third_party_id: int,
    lumira_id: str,
    day: date,
    lines: Sequence[NewLine],
    source_invoice_id: int,
) -> int:
    """Create a draft of a credit note about an invoice, and return its id. Its amounts become negative either way.

    Dolibarr does not compare it with the invoice: the caller limits the sum of its credit notes. Raises
    `DolibarrDuplicate` if there is one with this id of ours.
    """
    body = _document(third_party_id, lumira_id, day, lines)
    body |= {"type": _CREDIT_NOTE, "fk_facture_source": source_invoice_id}
    return replies.created_id(transport.post(account, "create_credit_note", _PATH, body))


def _document(third_party_id: int, lumira_id: str, day: date, lines: Sequence[NewLine]) -> dict[str, object]:
    return {
        "socid": third_party_id,
        "date": values.from_day(day),
        "ref_ext": lumira_id,
        "ref_client": lumira_id,
        "lines": [new_lines.sent(line) for line in lines],
        "array_options": {f"options_{EXTRA_FIELD}": lumira_id},
    }


def add_invoice_line(account: DolibarrAccount, invoice_id: int, line: NewLine) -> int:
    """Add a line to a draft and return the line's id. Nothing keeps the same line from being added twice."""
    path = f"{_PATH}/{invoice_id}/lines"
    return replies.created_id(transport.post(account, "add_invoice_line", path, new_lines.sent(line)))


def validate_invoice(account: DolibarrAccount, invoice_id: int) -> None:
    """Validate a draft of an invoice or credit note; without effect if it is validated."""
    transport.post(account, "validate_invoice", f"{_PATH}/{invoice_id}/validate", {})


def list_payments(account: DolibarrAccount, invoice_id: int) -> list[Payment]:
    """Return the payments of an invoice, or the payouts of a credit note, which are negative."""
    found = transport.get_list(account, "list_payments", f"{_PATH}/{invoice_id}/payments")
    return replies.read(lambda: [_payment(record, account.currency) for record in found])


def pay_invoice(
    account: DolibarrAccount,
    *,
    invoice_id: int,
    amount: int,
    paid_at: datetime,
    lumira_id: str,
    payment_type_id: int,
    bank_account_id: int,
    comment: str = "",
) -> int:
    """Enter a payment of a validated invoice, or the payout of a validated credit note, and return its id.

    `amount` is positive for both; what is paid in full becomes paid. Check the status before: Dolibarr accepts a
    payment of a draft, which then can neither be validated nor deleted. Nothing but the remaining amount keeps a
    payment from being entered twice: look for its id in `list_payments`, and enter one at a time. Raises
    `DolibarrRefused` (`overpaid`) if it is higher than what remains, and in older versions for every credit note.
    """
    if amount <= 0 or paid_at.tzinfo is None:
        raise ValueError("a positive amount and an aware time")
    body = {
        "arrayofamounts": {
            str(invoice_id): {
                "amount": values.from_minor_units(amount, account.currency),
                "multicurrency_amount": "",
            }
        },
        "datepaye": int(paid_at.timestamp()),
        "paymentid": payment_type_id,
        "closepaidinvoices": "yes",
        "accountid": bank_account_id,
        "num_payment": lumira_id,
        "ref_ext": lumira_id,
        "comment": comment,
    }
    return replies.created_id(transport.post(account, "pay_invoice", f"{_PATH}/paymentsdistributed", body))


def _payment(record: values.Json, currency: str) -> Payment:
    return Payment(
        amount=values.to_minor_units(record["amount"], currency),
        ref=values.to_text(record.get("ref")) or "",
        ref_ext=values.to_text(record.get("ref_ext")),
        number=values.to_text(record.get("num")),
        type=values.to_text(record.get("type")) or "",
        bank_line_id=values.to_optional_id(record.get("fk_bank_line")),
    )
