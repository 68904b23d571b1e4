"""Texts about where the goods of an order are sent."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Livraison",
    "zone": "Zone",
    "postage": "Frais de port",
    "free": "offerts",
    "unknown": "L’acheteur n’a pas encore saisi l’adresse : la page de Stripe la demande.",
    "erased": "Les données de l’acheteur ont été effacées. Pays : {}.",
    "phone": "Téléphone",
    "correct": "Corriger l’adresse de livraison",
    "intro": "Les frais de port payés ne changent pas : la commande part dans un pays de la même zone.",
    "save": "Enregistrer l’adresse",
    "refused": "Rien n’a été modifié. Corrigez les champs ci-dessous.",
    "wrong": "Ce champ est vide, trop long, ou contient un caractère qui n’est pas possible.",
    "fields": {
        "name": "Destinataire",
        "line1": "Adresse (numéro et rue)",
        "line2": "Complément d’adresse",
        "postal_code": "Code postal",
        "city": "Ville",
        "state": "État ou région",
        "country": "Pays",
        "phone": "Téléphone",
    },
    "hints": {"country": "Les pays de la zone pour laquelle les frais de port ont été payés."},
    "errors": {
        "country": "Choisissez un pays de la zone.",
        "phone": "Indiquez un numéro de téléphone, par exemple 06 12 34 56 78.",
    },
    "zones": "Zones de livraison",
    "zones_intro": (
        "Où la boutique envoie ses produits, et pour quels frais de port. Le fichier du catalogue les décrit"
        " ([[shipping_zones]])."
    ),
    "no_zones": "Aucune zone : la boutique ne demande pas d’adresse et ne facture pas de frais de port.",
    "countries": "Pays",
    "free_from": "Offerts dès",
    "above": "au-delà de {} g : {}",
    "asks_phone": "Téléphone demandé",
    "yes": "oui",
    "no": "non",
    "messages": {"corrected": "L’adresse de livraison est corrigée."},
}
_ENGLISH: dict[str, Any] = {
    "title": "Delivery",
    "zone": "Zone",
    "postage": "Postage",
    "free": "free",
    "unknown": "The buyer has not entered the address yet: Stripe’s page asks for it.",
    "erased": "The buyer’s data was erased. Country: {}.",
    "phone": "Telephone",
    "correct": "Correct the delivery address",
    "intro": "The postage that was paid does not change: the order is sent to a country of the same zone.",
    "save": "Save the address",
    "refused": "Nothing was changed. Correct the fields below.",
    "wrong": "This field is empty, too long, or contains a character that is not possible.",
    "fields": {
        "name": "Recipient",
        "line1": "Address (number and street)",
        "line2": "Second line of the address",
        "postal_code": "Postal code",
        "city": "City",
        "state": "State or region",
        "country": "Country",
        "phone": "Telephone",
    },
    "hints": {"country": "The countries of the zone for which the postage was paid."},
    "errors": {
        "country": "Choose a country of the zone.",
        "phone": "Enter a telephone number, such as +44 20 7946 0958.",
    },
    "zones": "Shipping zones",
    "zones_intro": (
        "Where the shop sends its products, and the postage. The catalog file describes them ([[shipping_zones]])."
    ),
    "no_zones": "No zones: the shop asks no address and charges no postage.",
    "countries": "Countries",
    "free_from": "Free from",
    "above": "above {} g: {}",
    "asks_phone": "Telephone asked",
    "yes": "yes",
    "no": "no",
    "messages": {"corrected": "The delivery address is corrected."},
}
TEXTS = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
