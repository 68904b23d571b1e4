"""Packing slips as PDF: what is in a parcel and to whom it is sent, without prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lumira.documents import figures, pdf
from lumira.models import Language

_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_WORDS: dict[Language, dict[str, str]] = {
    Language.FRENCH: {
        "title": "Bordereau de livraison",
        "order": "Commande",
        "ordered": "Commandé le",
        "carrier": "Transporteur",
        "number": "Numéro de suivi",
        "recipient": "Destinataire",
        "item": "Article",
        "quantity": "Quantité",
        "no_address": "Adresse non enregistrée",
    },
    Language.ENGLISH: {
        "title": "Packing slip",
        "order": "Order",
        "ordered": "Ordered on",
        "carrier": "Carrier",
        "number": "Tracking number",
        "recipient": "Ship to",
        "item": "Item",
        "quantity": "Quantity",
        "no_address": "No address recorded",
    },
}


@dataclass(frozen=True, slots=True)
class Slip:
    """One parcel: to whom it is sent, and how many units of each product it contains."""

    order_number: str
    ordered_at: datetime
    #: The recipient's name and the lines of the address; empty if none is recorded.
    address: tuple[str, ...]
    #: Name and units of each product.
    lines: tuple[tuple[str, int], ...]
    carrier: str | None = None
    tracking_number: str | None = None


def render(
    slips: Sequence[Slip], *, brand: str, time_zone: str, locale: str | None = None, created: datetime
) -> bytes:
    """Render the slips as one PDF, each on pages of its own, in French unless the locale is English.

    It waits for another process: never call it inside a transaction. Raises `RenderingBusy` and
    `RenderingUnavailable`.
    """
    language = Language.of(locale)
    words = _WORDS[language]
    document = {
        "language": str(language),
        "title": words["title"],
        "brand": _text(brand),
        "recipient": words["recipient"],
        "columns": [words["item"], words["quantity"]],
        "slips": [
            _write(slip, words, figures.day_in(language, slip.ordered_at, time_zone)) for slip in slips
        ],
    }
    return pdf.render(document, created=created, template="packing_slip")


def _write(slip: Slip, words: dict[str, str], ordered: str) -> dict[str, Any]:
    facts = [
        (words["order"], slip.order_number),
        (words["ordered"], ordered),
        (words["carrier"], slip.carrier),
        (words["number"], slip.tracking_number),
    ]
    return {
        "title": f"{words['title']} {slip.order_number}",
        "footer": f"{words['order']} {slip.order_number}",
        "facts": [(name, _text(value)) for name, value in facts if value],
        "address": [_text(line) for line in slip.address] or [words["no_address"]],
        "lines": [(_text(name), str(units)) for name, units in slip.lines],
    }


def _text(value: str) -> str:
    return _SPACE.sub(" ", value).strip()
