"""The texts of the pages in both languages."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language
from lumira.pages.checkout_texts import CHECKOUT
from lumira.pages.payment_texts import PAYMENT
from lumira.pages.withdrawal_texts import WITHDRAWAL

_FRENCH: dict[str, Any] = {
    "title": "Vos achats",
    "intro": "Retrouvez ici vos achats et vos téléchargements.",
    "nothing": "Il n’y a encore aucun achat ici.",
    "order": "Commande",
    "bought_on": "du",
    "refunded": "Remboursé",
    "sent_to": "Livraison",
    "downloads": "Téléchargements",
    "made": "Réalisé pour vous",
    "parcels": "Colis",
    "parcel": {
        "to_ship": "Votre commande est en préparation.",
        "rest": "Le reste de votre commande est en préparation.",
        "shipped": "Expédié le {}",
        "delivered": "Livré le {}",
        "returned": "Retour reçu le {}",
        "follow": "Suivre le colis",
    },
    "receipts": "Reçus",
    "receipt": {"receipt": "Reçu", "credit_note": "Avoir"},
    "download": "Télécharger",
    "soon": "Bientôt disponible",
    "until": "Accessible jusqu’au",
    "private": "Ce lien est personnel : quiconque l’a peut ouvrir cette page. Il est valable jusqu’au",
    "renew": "Recevoir un nouveau lien",
    "renew_hint": "Nous l’envoyons à l’adresse e-mail de votre commande.",
    "back": "Retour à vos achats",
    "previous": "Page précédente",
    "next": "Page suivante",
    "free": "Offert",
    "granted": "Accès offert",
    "status": {
        "processing": "En cours de confirmation",
        "completed": "Payée",
        "partially_refunded": "Remboursée en partie",
        "refunded": "Remboursée",
        "disputed": "Paiement contesté",
    },
    "closed": {
        "refunded": "Cet achat a été remboursé : son contenu n’est plus accessible.",
        "disputed": "Le paiement est contesté auprès de votre banque : l’accès est suspendu.",
        "fraud_warning": "Votre banque a signalé ce paiement : l’accès est suspendu. Écrivez à la boutique.",
        "dispute_lost": "Le paiement a été repris par votre banque : l’accès est fermé.",
        "withdrawn": "Vous vous êtes rétracté de cet achat : son contenu n’est plus accessible.",
        "operator": "L’accès a été fermé par notre équipe. Écrivez-nous pour en parler.",
        "expired": "La durée d’accès est terminée.",
    },
    "kind": {"card": "Carte", "pdf": "PDF", "audio": "Audio", "mandala": "Mandala", "file": "Fichier"},
    "state": {"to_do": "Pas encore commencé", "in_progress": "En préparation", "delivered": "Prêt"},
    "notice": {
        "unknown": (
            "Ce lien ne mène nulle part",
            "Vérifiez qu’il est complet, ou ouvrez-le depuis le dernier e-mail que vous avez reçu.",
        ),
        "ended": (
            "Ce lien n’est plus valable",
            (
                "Par sécurité, un lien s’arrête après un certain temps, ou quand on l’arrête. Demandez-en un nouveau :"
                " nous l’envoyons à l’adresse e-mail de votre commande."
            ),
        ),
        "requested": (
            "C’est noté",
            (
                "Si ce lien était le vôtre, un nouveau arrive dans quelques minutes à l’adresse e-mail"
                " de votre commande. Pensez à regarder dans les indésirables."
            ),
        ),
        "stale_form": (
            "Cette page est restée ouverte trop longtemps",
            "Appuyez encore une fois sur le bouton.",
        ),
        "no_file": ("Ce fichier n’est pas là", "Il n’existe pas, ou il a été remplacé."),
        "closed": (
            "Ce fichier n’est plus accessible",
            "L’achat auquel il appartient ne donne plus accès à son contenu.",
        ),
        "too_often": ("Un peu de patience", "Il y a eu trop de demandes. Réessayez un peu plus tard."),
        "later": ("Un instant", "Nous n’y arrivons pas pour le moment. Réessayez dans quelques minutes."),
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Your purchases",
    "intro": "Here are your purchases and your downloads.",
    "nothing": "There is no purchase here yet.",
    "order": "Order",
    "bought_on": "of",
    "refunded": "Refunded",
    "sent_to": "Sent to",
    "downloads": "Downloads",
    "made": "Made for you",
    "parcels": "Parcels",
    "parcel": {
        "to_ship": "Your order is being prepared.",
        "rest": "The rest of your order is being prepared.",
        "shipped": "Shipped on {}",
        "delivered": "Delivered on {}",
        "returned": "Return received on {}",
        "follow": "Follow the parcel",
    },
    "receipts": "Receipts",
    "receipt": {"receipt": "Receipt", "credit_note": "Credit note"},
    "download": "Download",
    "soon": "Available soon",
    "until": "Open until",
    "private": "This link is personal: anyone who has it can open this page. It is valid until",
    "renew": "Send me a new link",
    "renew_hint": "We send it to the e-mail address of your order.",
    "back": "Back to your purchases",
    "previous": "Previous page",
    "next": "Next page",
    "free": "Free",
    "granted": "Complimentary access",
    "status": {
        "processing": "Being confirmed",
        "completed": "Paid",
        "partially_refunded": "Partly refunded",
        "refunded": "Refunded",
        "disputed": "Payment disputed",
    },
    "closed": {
        "refunded": "This purchase was refunded: its content is no longer available.",
        "disputed": "The payment is disputed with your bank: access is suspended.",
        "fraud_warning": "Your bank has reported this payment: access is suspended. Write to the shop.",
        "dispute_lost": "Your bank has reversed the payment: access is closed.",
        "withdrawn": "You withdrew from this purchase: its content is no longer available.",
        "operator": "Access was closed by our team. Write to us about it.",
        "expired": "Your access has expired.",
    },
    "kind": {"card": "Card", "pdf": "PDF", "audio": "Audio", "mandala": "Mandala", "file": "File"},
    "state": {"to_do": "Not started yet", "in_progress": "Being prepared", "delivered": "Ready"},
    "notice": {
        "unknown": (
            "This link does not exist",
            "Check that it is complete, or open it from the last e-mail that you received.",
        ),
        "ended": (
            "This link is no longer valid",
            (
                "For security, links expire after some time or can be revoked. Request a new one: we send it to the"
                " e-mail address of your order."
            ),
        ),
        "requested": (
            "Request received",
            (
                "If this link was yours, a new one arrives within minutes at the e-mail address of your order."
                " Please check your spam folder, too."
            ),
        ),
        "stale_form": ("This page was open for too long", "Press the button once more."),
        "no_file": ("File not found", "It does not exist, or it was replaced."),
        "closed": (
            "This file is no longer available",
            "The purchase that it belongs to no longer gives access to its content.",
        ),
        "too_often": ("Too many requests", "Please try again a little later."),
        "later": ("One moment", "This is not possible at the moment. Try again in a few minutes."),
    },
}

#: Both languages have the same keys.
TEXTS: dict[Language, dict[str, Any]] = {
    language: {
        **texts,
        "checkout": CHECKOUT[language],
        "payment": PAYMENT[language],
        "withdrawal": WITHDRAWAL[language],
    }
    for language, texts in ((Language.FRENCH, _FRENCH), (Language.ENGLISH, _ENGLISH))
}
