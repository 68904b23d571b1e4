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
        "payment_page": "Page de paiement",
        "email_required": "Adresse e-mail obligatoire",
        "terms_version": "Version des conditions de vente",
        "terms_url": "Page des conditions de vente",
        "withdrawal_policy": "Après une rétractation",
        "withdrawal_days": "Délai de rétractation, en jours",
        "delivery_days": "Livraison la plus longue, en jours",
        "refund_on_return": "Rembourser au retour des objets",
        "ship_within_days": "À expédier sous, en jours",
        "on_fraud_warning": "Après un signalement de fraude",
        "release_on_failure": "Stock après un paiement refusé",
        "statement_descriptor_suffix": "Fin du libellé bancaire",
        "time_zone": "Fuseau horaire",
    },
    "rules": {
        "card_number": "Ne doit contenir aucun numéro de carte : une carte se saisit seulement sur la page de Stripe.",
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
        "country": "Écrivez un code ISO 3166-1 de deux lettres, par exemple FR.",
        "phone": "Écrivez un numéro de téléphone, par exemple +33 6 12 34 56 78.",
        "pixels": "Doit être un nombre entier de pixels, comme 12.",
        "range": "Doit aller de {min} à {max}.",
        "required_together": "Donnez la version et la page des conditions, ou aucune des deux.",
        "space_around": "Ne doit ni commencer ni finir par une espace.",
        "suffix_characters": "Ne doit contenir aucun des caractères < > \\ ' \" et * : Stripe les refuse.",
        "suffix_letters": "Doit être en caractères latins sans accent, dont une lettre de A à Z au moins.",
        "terms_address": "Doit être une adresse comme https://boutique.example.com/conditions.",
        "time_zone": "« {name} » n’est pas un fuseau horaire ; écrivez-en un comme Europe/Paris.",
        "too_long": "Doit avoir {longest} caractères au plus ; il y en a {length}.",
        "too_many_domains": "Une boutique a {max} domaines au plus.",
        "unknown_choice": "Doit être une des valeurs de la liste.",
        "vat_missing": "Donnez le taux de TVA, ou la mention qui dit pourquoi aucune n’est comptée.",
        "vat_number": (
            "Doit être un code de pays, puis des chiffres ou des majuscules, sans espaces, comme FR12345678901."
        ),
        "whole_days": "Doit être un nombre entier de jours, comme 30.",
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
        "payment_page": "Payment page",
        "email_required": "E-mail address required",
        "terms_version": "Version of the terms of sale",
        "terms_url": "Page of the terms of sale",
        "withdrawal_policy": "After a withdrawal",
        "withdrawal_days": "Withdrawal period, in days",
        "delivery_days": "Longest delivery, in days",
        "refund_on_return": "Refund once goods are back",
        "ship_within_days": "To ship within, in days",
        "on_fraud_warning": "After a fraud warning",
        "release_on_failure": "Stock after a failed payment",
        "statement_descriptor_suffix": "End of the bank statement line",
        "time_zone": "Time zone",
    },
    # A form has no names of keys.
    "rules": MESSAGES
    | {
        "unknown_choice": "Must be one of the values of the list.",
        "required_together": "Enter the version and the page of the terms, or neither.",
        "vat_missing": "Enter the VAT rate, or the mention why none is charged.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
