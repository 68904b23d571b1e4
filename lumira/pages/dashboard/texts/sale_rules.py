"""Texts of a shop's rules of sale: what each rule does, and its choices by the value of the catalog file."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "intro": (
        "Ces règles valent à partir de maintenant. Une commande garde les délais et les conditions de son ouverture."
    ),
    "groups": {
        "payment": "Paiement",
        "terms": "Conditions de vente",
        "withdrawal": "Rétractation",
        "shipping": "Expédition",
        "fraud": "Fraude",
        "other": "Autres règles",
    },
    "choices": {
        "payment_page": {
            "hosted": "Sur la page de Stripe",
            "element": "Sur la page de la boutique, avec Stripe",
        },
        "withdrawal_policy": {
            "review": "Un membre de l’équipe décide",
            "refund": "Remboursement immédiat",
        },
        "on_fraud_warning": {
            "alert": "Alerter l’équipe",
            "revoke": "Alerter, et suspendre l’accès",
            "refund": "Alerter, suspendre l’accès et rembourser",
        },
        "release_on_failure": {
            "at_deadline": "Réservé jusqu’à la fin de la réservation",
            "at_once": "Libéré aussitôt",
        },
    },
    "yes": "oui",
    "no": "non",
    "hints": {
        "payment_page": "Où l’acheteur paie, s’il vient par un lien de paiement.",
        "email_required": "Une vente sans adresse est refusée avant le paiement.",
        "terms_version": (
            "Que chaque acheteur accepte, comme 2026-11. Changez-la à chaque nouvelle version du texte. Vide : aucun"
            " accord n’est demandé."
        ),
        "terms_url": "La page qui montre ces conditions.",
        "withdrawal_policy": (
            "Vaut pour les rétractations à venir. Tant qu’un paiement est contesté, le remboursement attend."
        ),
        "withdrawal_days": "De 14, le délai légal, à 365.",
        "delivery_days": "Le délai de rétractation d’un objet commence à sa livraison : au plus tard après ces jours.",
        "refund_on_return": (
            "Une rétractation acceptée n’est remboursée qu’au retour des objets expédiés, ou sur preuve de leur renvoi."
        ),
        "ship_within_days": (
            "L’équipe reçoit une alerte si une commande payée attend encore après ces jours. 0 : aucune alerte."
        ),
        "on_fraud_warning": (
            "Si l’émetteur de la carte signale une fraude probable : un litige suit souvent, et coûte des frais. Vaut"
            " pour les signalements à venir. Une commande expédiée n’est pas remboursée d’elle-même."
        ),
        "release_on_failure": "L’acheteur peut essayer un autre moyen de paiement tant que le stock est réservé.",
        "statement_descriptor_suffix": "Ajoutée par Stripe au nom du compte, sur le relevé de l’acheteur. Vide : rien.",
        "time_zone": "Pour les jours des listes, des délais et des reçus.",
    },
}

_ENGLISH: dict[str, Any] = {
    "intro": "These rules count from now on. An order keeps the periods and terms with which it was opened.",
    "groups": {
        "payment": "Payment",
        "terms": "Terms of sale",
        "withdrawal": "Withdrawal",
        "shipping": "Shipping",
        "fraud": "Fraud",
        "other": "Other rules",
    },
    "choices": {
        "payment_page": {
            "hosted": "On Stripe's page",
            "element": "On the shop's page, with Stripe",
        },
        "withdrawal_policy": {
            "review": "A member of the team decides",
            "refund": "Refunded at once",
        },
        "on_fraud_warning": {
            "alert": "Alert the team",
            "revoke": "Alert, and suspend access",
            "refund": "Alert, suspend access and refund",
        },
        "release_on_failure": {
            "at_deadline": "Reserved until the reservation ends",
            "at_once": "Released at once",
        },
    },
    "yes": "yes",
    "no": "no",
    "hints": {
        "payment_page": "Where a buyer pays who comes by a checkout link.",
        "email_required": "A sale without an address is refused before the payment.",
        "terms_version": (
            "What every buyer accepts, such as 2026-11. Change it with each new version of the text. Empty: no consent"
            " is asked for."
        ),
        "terms_url": "The page that shows these terms.",
        "withdrawal_policy": "For withdrawals from now on. While a payment is disputed, the refund waits.",
        "withdrawal_days": "From 14, the legal period, to 365.",
        "delivery_days": "The withdrawal period of goods begins with their delivery: after these days at the latest.",
        "refund_on_return": (
            "An accepted withdrawal is refunded once the shipped goods are back, or the buyer proves to have sent them."
        ),
        "ship_within_days": (
            "The team gets an alert if a paid order still waits after these days. 0: no alert."
        ),
        "on_fraud_warning": (
            "If the card's issuer reports probable fraud: a dispute often follows, and costs a fee. For warnings from"
            " now on. An order that was shipped is not refunded automatically."
        ),
        "release_on_failure": "A buyer can try another means of payment while the stock is reserved.",
        "statement_descriptor_suffix": (
            "Stripe adds it to the account's name on the buyer's bank statement. Empty: nothing is added."
        ),
        "time_zone": "For the days of lists, periods and receipts.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
