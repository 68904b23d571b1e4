"""An address that looks like another buyer's is not accepted as that buyer's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.confusables import is_confusable
from lumira.models import email_key


@given(st.emails())
def test_no_ascii_address_is_confusable(address: str) -> None:
    assert not is_confusable(address)


@pytest.mark.parametrize("address", ["É.ÇELIK@exemple.fr", "ångström@example.se", "Σωκράτης@example.gr"])
def test_characters_of_other_languages_are_not_confusable(address: str) -> None:
    assert not is_confusable(address)


@given(st.characters(min_codepoint=128, exclude_categories=("Cs",)))
def test_an_address_that_equals_an_ascii_one_in_lower_case_is_ascii_or_confusable(character: str) -> None:
    assert is_confusable(character) or not email_key(f"x{character}x@example.com").isascii()
