"""`[[product_groups]]` of a catalog file: variants, and what is said about a mistake."""

from typing import Any

import pytest

from lumira.schemas.catalog_file import parse
from tests.unit.schemas.test_catalog_file import GOODS, TENANT, error_of

GROUP = """
[[product_groups]]
id = "t-shirt"
name = "T-shirt"
description = "Coton biologique"
options = { Taille = ["S", 38], Couleur = ["bleu", "rouge"] }
"""


def variant(product_id: str, options: str, line: str = "") -> str:
    return f"""
[[products]]
id = "{product_id}"
kind = "physical"
group = "t-shirt"
options = {options}
amount = 2500
stock = 3
{line}
"""


SMALL = variant("t-s", '{ Taille = "S", Couleur = "bleu" }')
LARGE = variant("t-38", '{ Couleur = "rouge", Taille = 38 }', 'name = "Le grand rouge"\ndescription = ""')


def products_of(text: str) -> list[dict[str, Any]]:
    products: list[dict[str, Any]] = parse(text.encode())["products"]
    return products


def test_a_variant_has_the_name_and_description_of_its_group_unless_it_has_its_own() -> None:
    small, large = products_of(TENANT + GROUP + SMALL + LARGE)
    assert (small["name"], small["description"]) == ("T-shirt, S, bleu", "Coton biologique")
    assert (large["name"], large["description"]) == ("Le grand rouge", "")
    assert large["options"] == {"Couleur": "rouge", "Taille": "38"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            GROUP + SMALL + variant("t-2", '{ Taille = "S", Couleur = "bleu" }'),
            "products[1].options: products[0] of the group has the same ones.",
        ),
        (
            GROUP + variant("t", '{ Taille = "S" }'),
            "products[0].options.Couleur: Is missing: one of bleu, rouge.",
        ),
        (
            GROUP + variant("t", '{ Taille = "XL", Couleur = "bleu" }'),
            "products[0].options.Taille: Must be one of: S, 38.",
        ),
        (GROUP + GOODS, 'product_groups[0].id: No product has it: add group = "t-shirt" to its products.'),
        (SMALL, 'products[0].group: No group has this id: add [[product_groups]] with id = "t-shirt".'),
        (GROUP + GROUP + SMALL, "product_groups[1].id: product_groups[0] has the same one."),
        (
            GROUP + SMALL + GOODS + 'options = { Taille = "S" }',
            "products[1].options: Only a product of a group has options.",
        ),
        (
            GROUP + SMALL.replace('kind = "physical"', 'kind = "level"\nlevel = 1').replace("stock = 3", ""),
            "products[0].group: A level is in no group: only digital products and goods have variants.",
        ),
        (
            GROUP.replace("T-shirt", "T" * 195) + SMALL,
            f"products[0].name: Is '{'T' * 195}, S, bleu' with its options, 204 characters: 200 at most.",
        ),
        (
            GROUP.replace('"S", 38', '"S", "s"') + SMALL,
            "product_groups[0].options.Taille.value: Two of them are S.",
        ),
        (
            # With an invisible space, and as a wide letter.
            GROUP.replace('"S", 38', '"S", "\u200b\uff33"') + SMALL,
            "product_groups[0].options.Taille.value: Two of them are S.",
        ),
        (
            GROUP.replace('"S", 38', '"S", "XS;S"') + SMALL,
            "product_groups[0].options.Taille.value[1]: Must have no semicolon: it separates values.",
        ),
        (
            GROUP.replace('"S", 38', "") + SMALL,
            "product_groups[0].options.Taille.value: Must have between 1 and 50 values.",
        ),
        (
            GROUP.replace("{ Taille", '{ a = ["1"], b = ["1"], Taille') + SMALL,
            "product_groups[0].options: Must have between 1 and 3 options.",
        ),
    ],
)
def test_a_mistake_is_named_with_what_to_do(text: str, error: str) -> None:
    assert error_of(TENANT + text) == error


def test_a_product_outside_a_group_needs_its_own_name() -> None:
    assert error_of(TENANT + GOODS.replace('name = "Bonnet"', "")) == (
        "products[0].name: Missing data for required field."
    )


def test_an_accent_is_the_same_character_wherever_it_was_typed() -> None:
    [product] = products_of(TENANT + GROUP.replace("S", "Te\u0301e") + SMALL.replace('"S"', '"T\u00e9e"'))
    assert product["options"]["Taille"] == "T\u00e9e"
