"""The seller's legal lines, as every document prints them."""

from typing import Any

from lumira.documents.wording import WORDS
from lumira.models import Language


def seller_lines(seller: dict[str, Any], language: Language) -> list[str]:
    """Return the lines from the legal name to the address for questions; lines that are not set are left out."""
    words = WORDS[language]
    lines = [seller["legal_name"], *seller["address"]]
    if seller.get("registration"):
        lines.append(f"{words['registration']} {seller['registration']}")
    if seller.get("vat_number"):
        lines.append(f"{words['vat_number']} {seller['vat_number']}")
    if seller.get("email"):
        lines.append(seller["email"])
    return lines
