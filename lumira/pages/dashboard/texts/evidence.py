"""Texts of the page of one dispute: the response to the bank."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Litige de la commande {}",
    "intro": (
        "Le formulaire contient ce qui est enregistré sur cette commande. Relisez, corrigez, et ajoutez ce que vous"
        " savez : vos échanges avec l’acheteur, ce qu’il a fait de son achat."
    ),
    "limits": (
        "Les téléchargements ne sont pas enregistrés. Pour joindre un fichier (reçu, preuve de livraison), répondez"
        " chez Stripe."
    ),
    "once": "La banque ne lit qu’une seule réponse : une fois envoyée, elle ne peut plus être corrigée.",
    "send": "Envoyer à la banque",
    "refused": "Stripe a refusé la réponse : {}",
    "cleared": "Les textes de la réponse ont été supprimés.",
    "nothing": "Aucune réponse n’a été envoyée d’ici.",
    "states": {
        "accepted": "Réponse envoyée à la banque le {}.",
        "frozen": "Réponse enregistrée le {} ; elle est envoyée dès que Stripe répond.",
        "unknown": "Réponse enregistrée le {} ; Stripe dit bientôt si la banque l’a reçue.",
    },
    "why_not": {
        "not_awaited": "La banque n’attend pas de réponse : elle décide, ou elle a décidé.",
        "appeal": "Un appel se fait chez Stripe.",
        "deadline": "Le délai de réponse est passé : la banque n’accepte plus rien.",
        "sent": "Une réponse est déjà envoyée : la banque n’en lit qu’une.",
        "empty": "La réponse est vide : remplissez au moins un champ.",
        "too_long": "Un champ a au plus 20 000 caractères, et tous ensemble 150 000 : raccourcissez.",
    },
    "fields": {
        "customer_name": "Nom de l’acheteur",
        "customer_email_address": "Adresse e-mail de l’acheteur",
        "product_description": "Ce qui a été vendu",
        "access_activity_log": "Accès au contenu",
        "service_date": "Date de la prestation",
        "shipping_address": "Adresse de livraison",
        "shipping_carrier": "Transporteur",
        "shipping_date": "Date d’expédition",
        "shipping_tracking_number": "Numéro de suivi",
        "refund_policy_disclosure": "Conditions de vente acceptées",
        "refund_refusal_explanation": "Pourquoi aucun remboursement n’était dû",
        "duplicate_charge_explanation": "Pourquoi ce paiement n’en répète pas un autre",
        "uncategorized_text": "Historique de la commande, et tout le reste",
    },
    "hints": {
        "refund_refusal_explanation": "Si l’acheteur attend un remboursement.",
        "duplicate_charge_explanation": "Si l’acheteur dit avoir payé deux fois.",
        "uncategorized_text": "Paiement, reçus, e-mails envoyés et remboursements. Ajoutez vos échanges.",
    },
    "messages": {
        "sent": "La réponse est envoyée à la banque, qui décide en quelques semaines.",
        "recorded": "La réponse est enregistrée. Stripe ne l’a pas encore reçue : elle est envoyée dès que possible.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Dispute of order {}",
    "intro": (
        "The form contains what is recorded about this order. Read it, correct it, and add what you know: your messages"
        " with the buyer, what they did with the purchase."
    ),
    "limits": (
        "Downloads are not recorded. To attach a file (receipt, proof of delivery), respond at Stripe."
    ),
    "once": "The bank reads one response only: once it is sent, it cannot be corrected.",
    "send": "Send to the bank",
    "refused": "Stripe refused the response: {}",
    "cleared": "The texts of the response were removed.",
    "nothing": "No response was sent from here.",
    "states": {
        "accepted": "Response sent to the bank on {}.",
        "frozen": "Response recorded on {}; it is sent as soon as Stripe responds.",
        "unknown": "Response recorded on {}; Stripe will soon say whether the bank has got it.",
    },
    "why_not": {
        "not_awaited": "The bank expects no response: it decides, or has decided.",
        "appeal": "An appeal is made at Stripe.",
        "deadline": "The deadline has passed: the bank accepts no response any more.",
        "sent": "A response is sent already: the bank reads one only.",
        "empty": "The response is empty: fill in at least one field.",
        "too_long": "A field has at most 20,000 characters, and all together 150,000: shorten them.",
    },
    "fields": {
        "customer_name": "Name of the buyer",
        "customer_email_address": "E-mail address of the buyer",
        "product_description": "What was sold",
        "access_activity_log": "Access to the content",
        "service_date": "Date of the service",
        "shipping_address": "Delivery address",
        "shipping_carrier": "Carrier",
        "shipping_date": "Date of shipping",
        "shipping_tracking_number": "Tracking number",
        "refund_policy_disclosure": "Accepted terms of sale",
        "refund_refusal_explanation": "Why no refund was due",
        "duplicate_charge_explanation": "Why this payment repeats no other",
        "uncategorized_text": "History of the order, and everything else",
    },
    "hints": {
        "refund_refusal_explanation": "If the buyer expects a refund.",
        "duplicate_charge_explanation": "If the buyer says that they paid twice.",
        "uncategorized_text": "Payment, receipts, e-mails that were sent, and refunds. Add your messages.",
    },
    "messages": {
        "sent": "The response is sent to the bank, which decides within weeks.",
        "recorded": "The response is recorded. Stripe has not got it yet: it is sent as soon as possible.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
