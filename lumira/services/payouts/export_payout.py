"""The lines of one payout as CSV, with what does not match."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.csv_cells import BYTE_ORDER_MARK, amount_cell, harmless, lines
from lumira.models import Language
from lumira.repositories.tenants import tenants
from lumira.services.payouts.view_payouts import PayoutLine, view_payout

_COLUMNS = {
    Language.FRENCH: (
        "Date", "Type", "Commande", "Objet chez Stripe", "Transaction", "Montant", "Frais", "dont TVA", "Net", "Devise",
        "Anomalie",
    ),
    Language.ENGLISH: (
        "Date", "Type", "Order", "Object at Stripe", "Transaction", "Amount", "Fee", "of which VAT", "Net", "Currency",
        "Mismatch",
    ),
}  # fmt: skip


def export_payout(tenant_id: int, stripe_payout_id: str, language: Language) -> Iterator[str]:
    """Yield the CSV in parts: the lines, then what does not match the payout as a whole; raises `NotFound`."""
    view = view_payout(tenant_id, stripe_payout_id)
    with atomic(tenant_id):
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
    found = view.payout.mismatches or []
    by_line = {one["transaction_id"]: one for one in found if "transaction_id" in one}
    yield BYTE_ORDER_MARK + lines([_COLUMNS[language]], language)
    yield lines([_row(line, zone, language, by_line) for line in view.lines], language)
    whole = [one for one in found if "transaction_id" not in one]
    yield lines([_mismatch_row(one, view.payout.currency, language) for one in whole], language)


def _row(
    line: PayoutLine, zone: ZoneInfo, language: Language, mismatches: dict[str, dict[str, object]]
) -> tuple[str, ...]:
    row = line.transaction
    currency = row.currency or ""
    mismatch = mismatches.get(row.stripe_balance_transaction_id)
    return (
        ""
        if row.stripe_created_at is None
        else f"{row.stripe_created_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        harmless(row.reporting_category or row.type or ""),
        line.order_number or "",
        harmless(row.stripe_source_id or ""),
        harmless(row.stripe_balance_transaction_id),
        *(amount_cell(value, currency, language) for value in (row.amount, row.fee, row.fee_tax, row.net)),
        currency.upper(),
        "" if mismatch is None else str(mismatch["reason"]),
    )


def _mismatch_row(mismatch: dict[str, object], currency: str, language: Language) -> tuple[str, ...]:
    expected, found = mismatch.get("expected"), mismatch.get("found")
    is_sum = isinstance(expected, int) and isinstance(found, int)
    difference = amount_cell(found - expected, currency, language) if is_sum else ""  # type: ignore[operator]
    return ("", "", "", "", "", "", "", "", difference, currency.upper(), str(mismatch["reason"]))
