"""A form of the dashboard says in the operator's language what is wrong with a field, by the code of the message."""

from string import Formatter

import pytest

from lumira.errors.catalog import CatalogError
from lumira.field_messages import MESSAGES, Message
from lumira.models import Language
from lumira.pages.dashboard.settings_page import BRAND, SALES, SELLER, brand_table, sale_table, seller_table
from lumira.pages.dashboard.texts import TEXTS
from lumira.schemas.catalog_file import parse_tenant_values

#: What forms may contain, whatever is typed.
ENTERED = (
    "",
    " ",
    "x" * 400,
    "a\x00b",
    "a\u2028b",
    "1,5",
    "99",
    "-1",
    "nan",
    "infinity",
    "1e999",
    "https://",
    "no-reply@example.com",
    "a b",
    "\n".join("1234567"),
)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", Language)
def test_every_code_of_a_message_has_a_text_with_the_same_values(language: Language) -> None:
    rules = TEXTS[language]["validation"]["rules"]
    assert set(rules) == set(MESSAGES)
    for code, text in rules.items():
        assert places(text) <= places(MESSAGES[code]), code


def refusals() -> list[CatalogError]:
    """What the forms of the dashboard can be refused for: each field with each text."""
    found: list[CatalogError] = []
    for text in ENTERED:
        for name in BRAND:
            entered = dict.fromkeys(BRAND, "") | {"name": "Shop", name: text}
            found += refusal(lambda entered=entered: parse_tenant_values(brand_table(entered), BRAND))
        for name in SELLER:
            entered = dict.fromkeys(SELLER, "") | {"legal_name": "A", "address": "B", name: text}
            found += refusal(
                lambda entered=entered: parse_tenant_values({"seller": seller_table(entered)}, ("seller",))
            )
        for name in SALES:
            entered = dict.fromkeys(SALES, "") | {name: text}
            found += refusal(lambda entered=entered: parse_tenant_values(sale_table(entered), SALES))
        found += refusal(lambda text=text: parse_tenant_values({"domains": text.split()}, ("domains",)))
    return found


def refusal(parse) -> list[CatalogError]:
    try:
        parse()
    except CatalogError as error:
        return [error]
    return []


def test_every_message_that_a_form_can_show_has_a_code() -> None:
    messages = [text for error in refusals() for texts in error.fields.values() for text in texts]
    assert {text for text in messages if not isinstance(text, Message)} == set()
    assert len({text.code for text in messages}) >= 14


@pytest.mark.parametrize("language", Language)
def test_every_field_that_can_be_wrong_has_a_name(language: Language) -> None:
    names = TEXTS[language]["validation"]["fields"]
    assert set(BRAND) | set(SELLER) | set(SALES) | {"domains"} == set(names)
