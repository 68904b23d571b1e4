"""The legal lines of two sellers, in the form of a catalog file."""

from typing import Any

EXEMPT: dict[str, Any] = {
    "legal_name": "Maison Lumière SARL",
    "address": ["12 rue des Étoiles", "69001 Lyon", "France"],
    "registration": "RCS Lyon 123 456 789",
    "vat_note": "TVA non applicable, art. 293 B du CGI",
}
WITH_VAT: dict[str, Any] = {
    "legal_name": "Maison Lumière SARL",
    "address": ["12 rue des Étoiles", "69001 Lyon"],
    "vat_number": "FR40123456789",
    "vat_rate": "20.00",
}
