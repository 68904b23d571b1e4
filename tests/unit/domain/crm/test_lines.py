"""The lines of a document of the CRM add up to what was charged, and its parts by VAT rate never to more."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.clients.dolibarr import RefusalReason
from lumira.domain.crm.lines import CrmLine, amounts_by_rate, lines_by_rate, remaining_of, split
from lumira.domain.crm.reasons import CrmReason

RATES = ("0", "5.5", "10", "20")


def dolibarr_total(line: CrmLine, currency: str = "eur") -> int:
    """The total of a line with VAT as Dolibarr computes it, in minor units."""
    net = line.price_without_vat(currency) * line.quantity
    gross = (net * (1 + line.vat_rate / 100)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return int(gross * 100)


@given(
    amount=st.integers(0, 1_000_000),
    quantity=st.integers(1, 100),
    rate=st.sampled_from([*RATES, "2.1", "19"]),
)
def test_a_line_has_the_same_total_in_dolibarr(amount: int, quantity: int, rate: str) -> None:
    line = CrmLine("Tea", quantity, amount, Decimal(rate))

    assert dolibarr_total(line) == line.amount


def test_a_currency_without_decimals_has_none() -> None:
    assert CrmLine("Tea", 1, 1200, Decimal(20)).price_without_vat("jpy") == Decimal(1000)


def test_what_is_credited_is_taken_from_each_rate_in_proportion() -> None:
    assert split(1000, {"20": 5900, "5.5": 1900}) == {"20": 756, "5.5": 244}
    assert split(7800, {"20": 5900, "5.5": 1900}) == {"20": 5900, "5.5": 1900}
    assert split(0, {"20": 5900}) == {}
    assert split(0, {}) == {}
    with pytest.raises(ValueError, match="part of the whole"):
        split(7801, {"20": 5900, "5.5": 1900})


amounts = st.dictionaries(st.sampled_from(RATES), st.integers(1, 100_000), min_size=1)


@given(invoiced=amounts, shares=st.lists(st.integers(0, 100_000), max_size=6))
def test_credit_notes_never_exceed_the_invoice_at_any_rate(
    invoiced: dict[str, int], shares: list[int]
) -> None:
    credited: list[dict[str, int]] = []
    for share in shares:
        remaining = remaining_of(invoiced, credited)
        amount = min(share, sum(remaining.values()))
        credited.append(split(amount, remaining))
        assert sum(credited[-1].values()) == amount
    for rate, amount in invoiced.items():
        assert sum(note.get(rate, 0) for note in credited) <= amount


@given(parts=amounts)
def test_the_lines_of_a_credit_note_add_up_to_it(parts: dict[str, int]) -> None:
    lines = lines_by_rate("Remboursement", parts, quantity=-1)

    assert amounts_by_rate(lines) == {rate: -amount for rate, amount in parts.items()}
    assert [dolibarr_total(line) for line in lines] == [line.amount for line in lines]


def test_every_cause_that_the_client_names_has_a_reason() -> None:
    assert {reason.value for reason in RefusalReason} <= {reason.value for reason in CrmReason}
