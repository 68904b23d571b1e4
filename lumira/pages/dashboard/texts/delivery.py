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
    "zones_intro": "Où la boutique envoie ses produits, et pour quels frais de port.",
    "zones_form": (
        "Le pays de l’acheteur décide des frais de port. Une commande garde ceux avec lesquels elle a été ouverte. Sans"
        " zone, la boutique ne demande pas d’adresse."
    ),
    "edit_zones": "Modifier les zones",
    "new_zone": "Nouvelle zone",
    "remove_zone": "Supprimer cette zone",
    "steps": "Frais de port selon le poids",
    "zone_hints": {
        "name": "L’acheteur le lit sur le reçu. Vide, avec le reste : rien n’est ajouté.",
        "countries": "Leurs noms ou leurs codes, séparés par des virgules, par exemple : France, Monaco.",
        "amount": "TVA comprise, par exemple 4,90. 0 : offerts.",
        "free_from": "Le prix des produits, avant remise, à partir duquel les frais sont offerts. Vide : jamais.",
        "steps": "Une ligne par palier, le plus léger d’abord, par exemple « 1000 g: 7,90 » au-delà de 1000 g.",
        "phone": "Le transporteur a besoin du téléphone de l’acheteur.",
        "remove": "Plus aucune commande n’y est envoyée ; celles qui existent restent.",
    },
    "zone_errors": {
        "name": "Écrivez un nom d’au plus 60 caractères, qu’aucune autre zone ne porte.",
        "countries": "Écrivez des pays qui existent, chacun dans une seule zone.",
        "amount": "Écrivez un montant que Stripe peut encaisser, par exemple 4,90.",
        "free_from": "Écrivez un montant, par exemple 60,00.",
        "steps": "Écrivez une ligne par palier, par exemple « 1000 g: 7,90 », le plus léger d’abord.",
    },
    "no_zones": "Aucune zone : la boutique ne demande pas d’adresse et ne facture pas de frais de port.",
    "countries": "Pays",
    "free_from": "Offerts dès",
    "above": "au-delà de {} g : {}",
    "asks_phone": "Téléphone demandé",
    "yes": "oui",
    "no": "non",
    "messages": {
        "corrected": "L’adresse de livraison est corrigée.",
        "saved_zones": "Les zones sont enregistrées, pour les ventes à venir.",
    },
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
    "zones_intro": "Where the shop sends its products, and the postage.",
    "zones_form": (
        "The buyer’s country decides the postage. An order keeps that with which it was opened. Without a zone the shop"
        " asks no address."
    ),
    "edit_zones": "Edit the zones",
    "new_zone": "New zone",
    "remove_zone": "Remove this zone",
    "steps": "Postage by weight",
    "zone_hints": {
        "name": "The buyer reads it on the receipt. Empty, like the rest: nothing is added.",
        "countries": "Their names or codes, separated by commas, such as: France, Monaco.",
        "amount": "VAT included, such as 4.90. 0: free.",
        "free_from": "The price of the products, before any discount, from which the postage is free. Empty: never.",
        "steps": "One line a step, the lightest first, such as “1000 g: 7.90” above 1000 g.",
        "phone": "The carrier needs the buyer’s telephone number.",
        "remove": "No further order is sent there; existing ones stay.",
    },
    "zone_errors": {
        "name": "Write a name of at most 60 characters that no other zone has.",
        "countries": "Write countries that exist, each in one zone only.",
        "amount": "Write an amount that Stripe can charge, such as 4.90.",
        "free_from": "Write an amount, such as 60.00.",
        "steps": "Write one line a step, such as “1000 g: 7.90”, the lightest first.",
    },
    "no_zones": "No zones: the shop asks no address and charges no postage.",
    "countries": "Countries",
    "free_from": "Free from",
    "above": "above {} g: {}",
    "asks_phone": "Telephone asked",
    "yes": "yes",
    "no": "no",
    "messages": {
        "corrected": "The delivery address is corrected.",
        "saved_zones": "The zones are saved, for sales from now on.",
    },
}
TEXTS = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
