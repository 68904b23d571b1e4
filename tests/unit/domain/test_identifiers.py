"""An address is recognised in every spelling, and no other address is mistaken for it."""

import pytest

from lumira.domain.identifiers import customer_ids_in, identifiers_in, spellings, strings_in

ANA = "ana@example.com"
SAID = [
    ANA,
    " Ana@Example.COM ",
    "Order of ana@example.com.",
    "email=ana@example.com",
    "https://shop.example/u/ana@example.com/orders",
    "https://shop.example/?for=ana%40example.com&page=2",
    "to ana@example.com!",
    "x|ana@example.com|y",
    "'ana@example.com'",
    "Ana <ana@example.com>, Johana <johana@example.com>",
    '{"for": "ana@example.com"}',
    "*ana@example.com*",
]
NOT_SAID = [
    "ana@example.comma",
    "johana@example.com",
    "jo.ana@example.com",
    "jo-ana@example.com",
    "jo+ana@example.com",
    "ana@example.com.br",
    "ana@example.community",
    "ana@mail.example.com",
    "ana at example.com",
    "@example.com",
]


@pytest.mark.parametrize("text", SAID)
def test_an_address_is_found_anywhere_in_a_text(text: str) -> None:
    assert ANA in identifiers_in([text])
    assert ANA in identifiers_in([text], include_ambiguous=False)


@pytest.mark.parametrize("text", NOT_SAID)
def test_an_address_that_contains_another_is_not_the_other(text: str) -> None:
    assert ANA not in identifiers_in([text])


@pytest.mark.parametrize("text", ["l'adresse d'ana@example.com", "o'ana@example.com", "~ana@example.com"])
def test_an_ambiguous_address_is_found_only_if_ambiguous_ones_are_included(text: str) -> None:
    assert ANA in identifiers_in([text])
    assert ANA not in identifiers_in([text], include_ambiguous=False)


def test_an_apostrophe_belongs_to_an_address() -> None:
    assert "o'brien@example.com" in identifiers_in(["Of O'Brien@example.com."], include_ambiguous=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zoe@bücher.example", "zoe@xn--bcher-kva.example"),
        ("zoe@xn--bcher-kva.example", "zoe@BÜCHER.example"),
        ("zélie@example.com", "ZÉLIE@example.com"),
        ("zélie@example.com", "ze\u0301lie@example.com"),
        ("ze\u0301lie@example.com", "zélie@example.com"),
    ],
)
def test_both_spellings_of_an_address_are_recognised(one: str, other: str) -> None:
    assert spellings(one) & identifiers_in([other])


def test_an_invalid_domain_has_one_spelling() -> None:
    assert spellings("zoe@xn--.é..") == {"zoe@xn--.é.."}


def test_a_long_text_without_an_address_is_searched_quickly() -> None:
    assert identifiers_in(["a" * 500_000, "@" * 20_000]) != {ANA}


def test_all_strings_and_customer_ids_of_a_payload_are_found() -> None:
    payload = {"a": [{"customer": "cus_1"}, {"customer": {"id": "cus_2", "name": ANA}}], "customer": None}
    assert ANA in strings_in(payload)
    assert set(customer_ids_in(payload)) == {"cus_1", "cus_2"}
    assert identifiers_in(["of cus_1 and pi_2"]) == {"cus_1", "pi_2"}


@pytest.mark.parametrize(
    "text",
    ["zoe@bücher\u3002example", "Bestellt von zoe@bücher\u3002example", "zoe@xn--bcher-kva.example\u3002次"],
)
def test_an_ideographic_full_stop_separates_labels_and_ends_sentences(text: str) -> None:
    assert "zoe@xn--bcher-kva.example" in identifiers_in([text], include_ambiguous=False)
