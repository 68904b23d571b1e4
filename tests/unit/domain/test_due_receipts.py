"""The VAT that is in a price."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.domain.due_receipts import included_vat


@pytest.mark.parametrize(
    ("amount", "rate", "vat"),
    [
        (12000, "20.00", 2000),
        (4700, "20.00", 783),
        (4900, "20.00", 817),
        (105, "5.00", 5),
        (1055, "5.50", 55),
        (1, "20.00", 0),
        (3, "20.00", 1),
        (0, "20.00", 0),
    ],
)
def test_included_vat_is_rounded_to_the_nearest_minor_unit(amount: int, rate: str, vat: int) -> None:
    assert included_vat(amount, rate) == vat


@given(amount=st.integers(0, 10**9), more=st.integers(0, 10**6), rate=st.integers(1, 9999))
def test_included_vat_grows_with_the_amount_and_never_exceeds_it(amount: int, more: int, rate: int) -> None:
    percent = f"{rate // 100}.{rate % 100:02d}"
    difference = included_vat(amount + more, percent) - included_vat(amount, percent)
    assert 0 <= difference <= more
