"""Texts of the differences between customers and their third parties in Dolibarr."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Divergences",
    "intro": (
        "Ce qui change dans Dolibarr revient ici de lui-même. Attend une décision ce qui a changé des deux côtés, une"
        " autre adresse e-mail, et une valeur qu’un client ne peut pas avoir."
    ),
    "customer": "Client",
    "ours": "Lumira",
    "theirs": "Dolibarr",
    "nothing": "vide",
    "keep": "Garder",
    "take": "Prendre",
    "keep_named": "Garder la valeur de Lumira, {} : {}",
    "take_named": "Prendre la valeur de Dolibarr, {} : {}",
    "since": "depuis le {}",
    "open": "Ouvrir dans Dolibarr (tiers {})",
    "fields": {
        "name": "Nom",
        "email": "Adresse e-mail",
        "phone": "Téléphone",
        "address": "Adresse",
        "postal_code": "Code postal",
        "city": "Ville",
        "country": "Pays",
    },
    "reasons": {
        "both_changed": "Les deux côtés ont changé.",
        "email_changed": (
            "L’adresse ouvre les achats du client : ne la prenez que si vous savez que c’est la sienne. L’ancienne"
            " reste connue."
        ),
        "invalid": "La valeur de Dolibarr ne peut pas être celle d’un client : corrigez-la dans Dolibarr.",
    },
    "none": "Aucune divergence n’attend de décision.",
    "none_hint": "Lumira et Dolibarr disent la même chose de chaque client, ou un côté a déjà repris l’autre.",
    "ambiguous": "Quel tiers est ce client ?",
    "ambiguous_hint": (
        "Plusieurs tiers de Dolibarr ont l’adresse e-mail du client. Choisissez le sien : ses commandes y seront"
        " écrites."
    ),
    "third_party": "Tiers {}",
    "new": "Un nouveau tiers",
    "choose": "Choisir",
    "choose_named": "Choisir le tiers de {}",
    "notifications": "Ce qui revient de Dolibarr",
    "notifications_hint": (
        "Dans le module Webhooks de Dolibarr, créez une cible avec cette adresse, de type non bloquant, pour les"
        " événements COMPANY_MODIFY, COMPANY_DELETE, ORDER_MODIFY, ORDER_DELETE, BILL_MODIFY et BILL_DELETE. Sans"
        " elle, les changements sont lus toutes les cinq minutes."
    ),
    "notification_url": "Adresse des notifications (secrète)",
    "replace_secret": "Remplacer l’adresse",
    "see_differences": "Voir les divergences qui attendent une décision",
    "messages": {
        "secret_replaced": "L’adresse est remplacée : entrez la nouvelle dans Dolibarr, l’ancienne ne compte plus.",
        "ours": "{field} : la valeur de Lumira est gardée et part vers Dolibarr.",
        "theirs": "{field} : la valeur de Dolibarr est celle du client.",
        "chosen": "Le tiers est choisi : ses commandes y sont écrites dans les minutes qui viennent.",
        "refused": "Rien n’a changé. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Differences",
    "intro": (
        "What changes in Dolibarr comes back by itself. What waits for a decision: a value that changed on both sides,"
        " another e-mail address, and a value that no customer can have."
    ),
    "customer": "Customer",
    "ours": "Lumira",
    "theirs": "Dolibarr",
    "nothing": "empty",
    "keep": "Keep",
    "take": "Take",
    "keep_named": "Keep Lumira’s value, {}: {}",
    "take_named": "Take Dolibarr’s value, {}: {}",
    "since": "since {}",
    "open": "Open in Dolibarr (third party {})",
    "fields": {
        "name": "Name",
        "email": "E-mail address",
        "phone": "Phone",
        "address": "Address",
        "postal_code": "Postal code",
        "city": "City",
        "country": "Country",
    },
    "reasons": {
        "both_changed": "Both sides have changed.",
        "email_changed": (
            "The address opens the customer’s purchases: take it only if you know that it is theirs. The former one"
            " stays known."
        ),
        "invalid": "Dolibarr’s value cannot be that of a customer: correct it in Dolibarr.",
    },
    "none": "No difference waits for a decision.",
    "none_hint": "Lumira and Dolibarr say the same of each customer, or one side has already got the other’s value.",
    "ambiguous": "Which third party is this customer?",
    "ambiguous_hint": (
        "Several third parties in Dolibarr have the customer’s e-mail address. Choose theirs: the orders will be"
        " written there."
    ),
    "third_party": "Third party {}",
    "new": "A new third party",
    "choose": "Choose",
    "choose_named": "Choose the third party of {}",
    "notifications": "What comes back from Dolibarr",
    "notifications_hint": (
        "In Dolibarr’s module Webhooks, create a target with this address, of the type that does not block, for the"
        " events COMPANY_MODIFY, COMPANY_DELETE, ORDER_MODIFY, ORDER_DELETE, BILL_MODIFY and BILL_DELETE. Without it,"
        " changes are read every five minutes."
    ),
    "notification_url": "Address of the notifications (secret)",
    "replace_secret": "Replace the address",
    "see_differences": "See the differences that wait for a decision",
    "messages": {
        "secret_replaced": "The address is replaced: enter the new one in Dolibarr, the former counts no longer.",
        "ours": "{field}: Lumira’s value is kept, and sent to Dolibarr.",
        "theirs": "{field}: Dolibarr’s value is the customer’s now.",
        "chosen": "The third party is chosen: the orders are written there within minutes.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
