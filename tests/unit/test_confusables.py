"""Whoever only looks like another buyer is not taken for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.confusables import is_confusable
from lumira.models import email_key


@given(st.emails())
def test_no_address_in_ascii_is_a_lookalike(address: str) -> None:
    assert not is_confusable(address)


@pytest.mark.parametrize("address", ["É.ÇELIK@exemple.fr", "ångström@example.se", "Σωκράτης@example.gr"])
def test_letters_of_other_languages_are_letters(address: str) -> None:
    assert not is_confusable(address)


@given(st.characters(min_codepoint=128, exclude_categories=("Cs",)))
def test_what_is_compared_as_an_address_in_ascii_is_one_or_is_refused(letter: str) -> None:
    assert is_confusable(letter) or not email_key(f"x{letter}x").isascii()
