"""What is wrong with a field of a form, by the code of the schema's message, and the names of the fields."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.field_messages import MESSAGES
from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "fields": {
        "name": "Nom",
        "brand_color": "Couleur",
        "brand_background": "Fond",
        "brand_radius": "Arrondi des coins",
        "support_email": "Adresse pour les clients",
        "alert_email": "Adresse pour les alertes",
        "shop_url": "Page de la boutique",
        "legal_name": "Nom légal",
        "address": "Adresse",
        "registration": "Immatriculation",
        "vat_number": "Numéro de TVA",
        "vat_rate": "Taux de TVA",
        "vat_note": "Mention de TVA",
        "email": "Adresse e-mail",
        "domains": "Domaines",
    },
    "rules": {
        "color": "Doit être une couleur comme #D4AF37.",
        "control_characters": "Ne doit contenir ni caractère invisible ni retour à la ligne.",
        "email": "Doit être une adresse e-mail.",
        "empty": "Ne doit pas être vide.",
        "host_name": "Doit être un nom de domaine, sans https:// et sans chemin.",
        "line_count": "Doit avoir de {min} à {max} lignes.",
        "longer_than": "Doit avoir {longest} caractères au plus.",
        "no_control_characters": "Ne doit contenir aucun caractère invisible.",
        "no_reply": "Doit être une adresse qui est lue, pas une adresse sans réponse.",
        "page_address": "Doit être une adresse comme https://boutique.example.com/.",
        "percentage": "Doit être un pourcentage, comme 20,00.",
        "percentage_range": "Doit être un pourcentage entre 0 et 100, avec deux décimales au plus, comme 20,00.",
        "pixels": "Doit être un nombre entier de pixels, comme 12.",
        "range": "Doit aller de {min} à {max}.",
        "space_around": "Ne doit ni commencer ni finir par une espace.",
        "too_long": "Doit avoir {longest} caractères au plus ; il y en a {length}.",
        "vat_missing": "Donnez le taux de TVA, ou la mention qui dit pourquoi aucune n’est comptée.",
        "vat_number": (
            "Doit être un code de pays, puis des chiffres ou des majuscules, sans espaces, comme FR12345678901."
        ),
    },
}

_ENGLISH: dict[str, Any] = {
    "fields": {
        "name": "Name",
        "brand_color": "Colour",
        "brand_background": "Background",
        "brand_radius": "Radius of corners",
        "support_email": "Address for buyers",
        "alert_email": "Address for alerts",
        "shop_url": "Page of the shop",
        "legal_name": "Legal name",
        "address": "Address",
        "registration": "Registration",
        "vat_number": "VAT number",
        "vat_rate": "VAT rate",
        "vat_note": "Mention about VAT",
        "email": "E-mail address",
        "domains": "Domains",
    },
    # A form has no names of keys.
    "rules": MESSAGES | {"vat_missing": "Enter the VAT rate, or the mention why none is charged."},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
