"""Every reason and finding about Dolibarr says in both languages what is wrong and what to do."""

import pytest

from config.settings import ROOT
from lumira.domain.crm.reasons import CrmReason
from lumira.domain.crm.settings import read_rates, stored_url, written_rates
from lumira.domain.crm.texts import CODES, text_of
from lumira.models import Language


@pytest.mark.parametrize("reason", CrmReason)
def test_every_reason_has_its_sentences_and_its_remedy_in_the_documentation(reason: CrmReason) -> None:
    assert reason in CODES
    assert f"`{reason}`" in (ROOT / "docs" / "crm.md").read_text()


@pytest.mark.parametrize("code", sorted(CODES))
def test_no_sentence_fails_for_want_of_a_value(code: str) -> None:
    french, english = (text_of(code, language, {}) for language in Language)
    assert french.message
    assert english.message
    assert french != english
    assert bool(french.remedy) == bool(english.remedy)


@pytest.mark.parametrize(
    ("entered", "stored"),
    [
        ("https://d.example.com", "https://d.example.com"),
        (" https://d.example.com/ ", "https://d.example.com"),
        ("https://d.example.com/erp/api/index.php/explorer/", "https://d.example.com/erp"),
        ("https://d.example.com/erp/index.php", "https://d.example.com/erp"),
    ],
)
def test_an_address_is_stored_as_that_of_dolibarr(entered: str, stored: str) -> None:
    assert stored_url(entered) == stored


def test_rates_are_read_as_they_are_written() -> None:
    rates = read_rates("tea 5,5 %\n\nbook=20\n cap : 0 ")
    assert rates == {"tea": "5.50", "book": "20.00", "cap": "0.00"}
    assert read_rates(written_rates(rates)) == rates


@pytest.mark.parametrize(
    "text", ["tea", "tea 5 5", "tea -1", "tea 100", "tea 5.555", "tea nan", "tea 1\ntea 2"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="tea"):
        read_rates(text)
