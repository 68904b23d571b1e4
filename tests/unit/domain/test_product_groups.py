"""Variants: their names, what fits a group, which one a choice leads to, and which image each shows."""

import pytest

from lumira.domain.product_groups import fits, name_of, nearest, ordered, problems_of
from lumira.domain.shown_images import owner_of, paths_of
from lumira.models import Product

OPTIONS = [
    {"name": "Taille", "values": ["S", "M"]},
    {"name": "Couleur", "values": ["bleu", "rouge"]},
]


def variant(product_id: str, size: str, color: str) -> Product:
    return Product(id=product_id, group_id="t-shirt", options={"Couleur": color, "Taille": size})


SMALL_BLUE = variant("s-bleu", "S", "bleu")
MEDIUM_BLUE = variant("m-bleu", "M", "bleu")
SMALL_RED = variant("s-rouge", "S", "rouge")
MEDIUM_RED = variant("m-rouge", "M", "rouge")
ALL = [SMALL_BLUE, MEDIUM_BLUE, SMALL_RED, MEDIUM_RED]


def test_a_variant_is_named_by_its_options_in_the_order_of_the_group() -> None:
    choice = {"Couleur": "bleu", "Taille": "M"}
    assert name_of("T-shirt", OPTIONS, choice) == "T-shirt, M, bleu"
    assert list(ordered(OPTIONS, choice)) == ["Taille", "Couleur"]


@pytest.mark.parametrize(
    ("choice", "sentences"),
    [
        ({"Taille": "M", "Couleur": "bleu"}, []),
        ({"Taille": "M"}, ["Is missing: one of bleu, rouge."]),
        ({"Taille": "XL", "Couleur": "bleu"}, ["Must be one of: S, M."]),
        (
            {"Taille": "M", "Couleur": "bleu", "Coupe": "droite"},
            ["The group has no such option: Taille, Couleur."],
        ),
    ],
)
def test_a_choice_fits_with_one_known_value_of_each_option(
    choice: dict[str, str], sentences: list[str]
) -> None:
    assert [problem.sentence for problem in problems_of(OPTIONS, choice)] == sentences
    assert fits(OPTIONS, choice) is (sentences == [])


def test_a_choice_leads_to_the_variant_with_the_most_equal_values() -> None:
    assert nearest({"Taille": "M", "Couleur": "rouge"}, ALL) is MEDIUM_RED
    assert nearest({"Taille": "M", "Couleur": "rouge"}, [SMALL_BLUE, MEDIUM_BLUE, SMALL_RED]) is MEDIUM_BLUE
    assert nearest({"Taille": "M"}, []) is None


def test_a_variant_without_an_image_shows_that_of_the_variant_most_like_it() -> None:
    alone = Product(id="carnet", group_id=None, options=None)
    own = {"m-bleu": "m-bleu/1-960.webp", "s-rouge": "s-rouge/2-960.webp"}
    assert paths_of([*ALL, alone], own) == {
        "s-bleu": "m-bleu/1-960.webp",
        "m-bleu": "m-bleu/1-960.webp",
        "s-rouge": "s-rouge/2-960.webp",
        "m-rouge": "m-bleu/1-960.webp",
        "carnet": None,
    }
    assert owner_of("m-bleu/1-960.webp") == "m-bleu"
