"""The id of a product follows from its name, and is one that a catalog file accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.domain.product_ids import id_from_name
from lumira.formats import CATALOG_NAME_PATTERN


@pytest.mark.parametrize(
    ("name", "product_id"),
    [
        ("Tasse en grès", "tasse-en-gres"),
        ("  Œuvre d'art n° 3 !", "oeuvre-d-art-n-3"),
        ("Straße", "strasse"),
        ("IMPÉRIALE", "imperiale"),
        ("a_b", "a-b"),
        ("水晶", ""),
        ("--", ""),
        ("", ""),
    ],
)
def test_an_id_has_the_letters_of_the_name(name, product_id):
    assert id_from_name(name) == product_id


@given(st.text(max_size=300))
def test_an_id_is_accepted_by_the_catalog_file_or_empty(name):
    product_id = id_from_name(name)
    assert product_id == "" or CATALOG_NAME_PATTERN.fullmatch(product_id)
