"""Receipts and credit notes as PDF."""

import re
from typing import Any

from lumira.documents import figures, pdf
from lumira.documents.seller_lines import seller_lines
from lumira.documents.wording import WORDS, form_of, title_of
from lumira.models import Language, Receipt

#: White space and control characters: one space each, as no line of a receipt has several lines.
_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def render(receipt: Receipt, *, locale: str | None = None) -> bytes:
    """Render a receipt or credit note as PDF, in French unless the locale is English.

    Depends on the row and the language alone: it needs no transaction, and the row may come from one that
    has ended. Raises `RenderingUnavailable` and `RenderingBusy`.
    """
    # The time of issue is the file's date, so that every rendering is the same file.
    return pdf.render(write_document(receipt, Language.of(locale)), created=receipt.issued_at)


def write_document(receipt: Receipt, language: Language) -> dict[str, Any]:
    """Return all texts of a receipt or credit note, as `templates/receipt.typ` arranges them."""
    words = WORDS[language]
    seller = receipt.seller
    return {
        "language": str(language),
        "title": title_of(receipt.kind, receipt.label, language),
        "author": _text(seller["legal_name"]),
        "brand": _text(seller["brand"]),
        "footer": f"{words['number']} {receipt.label}",
        "test": None if receipt.livemode else words["test"],
        "facts": _facts(receipt, language),
        "parties": [
            {"title": words["seller"], "lines": [_text(line) for line in seller_lines(seller, language)]},
            {"title": words["buyer"], "lines": _buyer_lines(receipt, words)},
        ],
        "columns": [words[name] for name in ("item", "quantity", "unit_price", "line_amount")],
        "lines": _lines(receipt, language),
        "amounts": _vat(receipt, language),
        "total": [words[f"total_{form_of(receipt)}"], _amount(receipt, language, receipt.amount)],
        "note": _text(seller["vat_note"]) if seller.get("vat_note") else None,
        "consents": _consents(receipt, words),
    }


def _text(value: str) -> str:
    return _SPACE.sub(" ", value).strip()


def _amount(receipt: Receipt, language: Language, amount: int) -> str:
    return figures.amount_in(language, amount, receipt.currency)


def _facts(receipt: Receipt, language: Language) -> list[tuple[str, str]]:
    words, form = WORDS[language], form_of(receipt)
    moved_at = figures.day_in(language, receipt.moved_at, receipt.time_zone)
    facts = [
        (words["number"], receipt.label),
        (words["issued"], figures.day_in(language, receipt.issued_at, receipt.time_zone)),
    ]
    if receipt.corrects_label is not None:
        facts.append((words[f"corrects_{form}"], receipt.corrects_label))
    return [*facts, (words[f"moved_{form}"], moved_at), (words["order"], receipt.order_number)]


def _buyer_lines(receipt: Receipt, words: dict[str, str]) -> list[str]:
    lines = [receipt.buyer.get("name"), receipt.buyer.get("email")]
    return [_text(line) for line in lines if line] or [words["erased"]]


def _lines(receipt: Receipt, language: Language) -> list[tuple[str, ...]]:
    words = WORDS[language]
    prefix = words[f"item_{form_of(receipt)}"]
    return [
        (
            _text(prefix + (line["name"] or _unnamed(line, words))),
            str(line["quantity"]),
            _amount(receipt, language, line["unit_amount"]),
            _amount(receipt, language, line["amount"]),
        )
        for line in receipt.lines
    ]


def _unnamed(line: dict[str, Any], words: dict[str, str]) -> str:
    """The name of a line that is of no product: a discount, or an accepted difference in amount."""
    code = line.get("promotion_code")
    return words["difference"] if code is None else words["discount"].format(code)


def _consents(receipt: Receipt, words: dict[str, str]) -> list[tuple[str, str | None]]:
    """A sentence for each consent, and the address that belongs to it."""
    given = receipt.consents or {}
    sentences: list[tuple[str, str | None]] = []
    # Without the address it is a text that the caller sent, and none that the shop has published.
    if given.get("terms_url"):
        sentences.append((_text(words["terms"].format(given["terms"])), given["terms_url"]))
    if given.get("immediate_delivery"):
        sentences.append((words["immediate_delivery"], None))
    return sentences


def _vat(receipt: Receipt, language: Language) -> list[tuple[str, str]]:
    if receipt.vat_amount is None:
        return []
    words = WORDS[language]
    rate = figures.rate_in(language, receipt.seller["vat_rate"])
    return [
        (words["net"], _amount(receipt, language, receipt.amount - receipt.vat_amount)),
        (f"{words['vat']} {rate}", _amount(receipt, language, receipt.vat_amount)),
    ]
