"""Texts of the disputes of a shop: reasons and statuses of Stripe (SDK 16) in plain words, and what to send."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Litiges",
    "open": "Ouverts",
    "closed": "Terminés",
    "order": "Commande",
    "no_buyer": "acheteur inconnu",
    "due": "À envoyer avant le {} ({}).",
    "no_due": "Stripe n’a indiqué aucune date : répondez au plus vite.",
    "under_review": "Votre réponse est chez la banque ; il n’y a rien à faire.",
    "to_send": "À envoyer",
    "prepare": "Préparer la réponse",
    "view": "Voir la réponse",
    "prepare_named": "Réponse au litige de la commande {}",
    "respond": "Répondre chez Stripe",
    "at_stripe": "Voir chez Stripe",
    "open_order": "Ouvrir la commande {}",
    "changed": "Dernier changement le {}.",
    "stock": "Stock : les unités restent vendues ; corrigez le stock si elles reviennent.",
    "none": "Aucun litige n’est ouvert.",
    "none_hint": (
        "Un litige apparaît ici dès que la banque d’un acheteur conteste un paiement, avec la date limite et ce qu’il"
        " faut envoyer. L’équipe reçoit aussi un e-mail."
    ),
    "none_closed": "Aucun litige n’est terminé.",
    "none_closed_hint": "Un litige apparaît ici avec son résultat une fois que la banque a décidé.",
    "statuses": {
        "warning_needs_response": "demande de la banque",
        "warning_under_review": "demande, réponse envoyée",
        "warning_closed": "demande close",
        "needs_response": "réponse attendue",
        "under_review": "réponse envoyée",
        "appeal_needs_response": "appel, réponse attendue",
        "appeal_under_review": "appel, réponse envoyée",
        "prevented": "évité",
        "lost": "perdu",
        "won": "gagné",
    },
    "effects": {
        "warning_needs_response": "La banque ne retient pas l’argent : l’accès reste ouvert.",
        "warning_under_review": "La banque ne retient pas l’argent : l’accès reste ouvert.",
        "warning_closed": "La banque n’a rien retenu.",
        "needs_response": "La banque retient l’argent : l’accès est suspendu.",
        "under_review": "La banque retient l’argent : l’accès est suspendu.",
        "appeal_needs_response": "La banque retient l’argent : l’accès est suspendu.",
        "appeal_under_review": "La banque retient l’argent : l’accès est suspendu.",
        "prevented": "Le litige a été évité avant de commencer.",
        "lost": "L’argent est repris par la banque ; si tout est perdu, l’accès est fermé.",
        "won": "L’argent est rendu, et l’accès rétabli.",
    },
    "reasons": {
        "bank_cannot_process": (
            "La banque ne peut pas traiter le paiement",
            "l’accord de l’acheteur et la preuve de livraison.",
        ),
        "check_returned": ("Chèque rejeté", "l’accord de l’acheteur et la preuve de livraison."),
        "credit_not_processed": (
            "L’acheteur attend un remboursement",
            "la preuve du remboursement, ou pourquoi il n’était pas dû (conditions acceptées).",
        ),
        "customer_initiated": (
            "L’acheteur a contesté auprès de sa banque",
            "l’accord de l’acheteur et la preuve de livraison.",
        ),
        "debit_not_authorized": ("Prélèvement non autorisé", "le mandat et l’accord de l’acheteur."),
        "duplicate": ("Payé deux fois", "la preuve que ce sont deux achats, ou celle du remboursement."),
        "fraudulent": (
            "L’acheteur ne reconnaît pas ce paiement (fraude)",
            "ce qui montre que c’est bien l’acheteur : échanges, téléchargements, livraison à son adresse.",
        ),
        "general": ("Sans motif précis", "la commande, l’accord de l’acheteur et la preuve de livraison."),
        "incorrect_account_details": ("Coordonnées bancaires fausses", "l’accord de l’acheteur."),
        "insufficient_funds": ("Provision insuffisante", "rien en général : demandez un autre paiement."),
        "noncompliant": ("Règles du réseau non respectées", "ce que Stripe demande sur la page du litige."),
        "product_not_received": (
            "L’acheteur n’a rien reçu",
            "la preuve d’envoi ou de livraison ; pour un contenu, l’accès et les téléchargements.",
        ),
        "product_unacceptable": (
            "Le produit est défectueux ou différent",
            "la description du produit, les photos et les échanges avec l’acheteur.",
        ),
        "subscription_canceled": (
            "L’acheteur dit avoir résilié",
            "les conditions acceptées et la preuve de l’utilisation après la date dite.",
        ),
        "unrecognized": (
            "L’acheteur ne reconnaît pas ce paiement",
            "le reçu, le libellé du relevé et la preuve de livraison.",
        ),
    },
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Disputes",
    "open": "Open",
    "closed": "Closed",
    "order": "Order",
    "no_buyer": "unknown buyer",
    "due": "Send it before {} ({}).",
    "no_due": "Stripe names no date: respond as soon as you can.",
    "under_review": "Your response is with the bank; there is nothing to do.",
    "to_send": "What to send",
    "prepare": "Prepare the response",
    "view": "View the response",
    "prepare_named": "Response to the dispute of order {}",
    "respond": "Respond at Stripe",
    "at_stripe": "View at Stripe",
    "open_order": "Open the order {}",
    "changed": "Last change on {}.",
    "stock": "Stock: the units stay sold; correct the stock if they come back.",
    "none": "No dispute is open.",
    "none_hint": (
        "A dispute appears here as soon as a buyer’s bank disputes a payment, with the due date and what to send. The"
        " team also gets an e-mail."
    ),
    "none_closed": "No dispute is closed.",
    "none_closed_hint": "A dispute appears here with its result once the bank has decided.",
    "statuses": {
        "warning_needs_response": "inquiry of the bank",
        "warning_under_review": "inquiry, response sent",
        "warning_closed": "inquiry closed",
        "needs_response": "response needed",
        "under_review": "response sent",
        "appeal_needs_response": "appeal, response needed",
        "appeal_under_review": "appeal, response sent",
        "prevented": "prevented",
        "lost": "lost",
        "won": "won",
    },
    "effects": {
        "warning_needs_response": "The bank withholds no money: access stays open.",
        "warning_under_review": "The bank withholds no money: access stays open.",
        "warning_closed": "The bank withheld nothing.",
        "needs_response": "The bank withholds the money: access is suspended.",
        "under_review": "The bank withholds the money: access is suspended.",
        "appeal_needs_response": "The bank withholds the money: access is suspended.",
        "appeal_under_review": "The bank withholds the money: access is suspended.",
        "prevented": "The dispute was prevented before it began.",
        "lost": "The bank took the money back; if all of it is lost, access is revoked.",
        "won": "The money is returned, and access restored.",
    },
    "reasons": {
        "bank_cannot_process": (
            "The bank cannot process the payment",
            "the buyer’s agreement and the proof of delivery.",
        ),
        "check_returned": ("Check returned", "the buyer’s agreement and the proof of delivery."),
        "credit_not_processed": (
            "The buyer waits for a refund",
            "the proof of the refund, or why none was due (accepted terms).",
        ),
        "customer_initiated": (
            "The buyer disputed it at the bank",
            "the buyer’s agreement and the proof of delivery.",
        ),
        "debit_not_authorized": ("Debit not authorized", "the mandate and the buyer’s agreement."),
        "duplicate": ("Paid twice", "the proof that these are two purchases, or that of the refund."),
        "fraudulent": (
            "The buyer does not recognize this payment (fraud)",
            "what shows that it is the buyer: messages, downloads, delivery to their address.",
        ),
        "general": ("Without a stated reason", "the order, the buyer’s agreement and the proof of delivery."),
        "incorrect_account_details": ("Wrong bank details", "the buyer’s agreement."),
        "insufficient_funds": ("Insufficient funds", "nothing as a rule: ask for another payment."),
        "noncompliant": (
            "Rules of the network not followed",
            "what Stripe asks for on the page of the dispute.",
        ),
        "product_not_received": (
            "The buyer received nothing",
            "the proof of shipping or delivery; for content, access and downloads.",
        ),
        "product_unacceptable": (
            "The product is defective or different",
            "the description of the product, photos, and the messages with the buyer.",
        ),
        "subscription_canceled": (
            "The buyer says that it was canceled",
            "the accepted terms, and the proof of use after the stated date.",
        ),
        "unrecognized": (
            "The buyer does not recognize this payment",
            "the receipt, the text on the statement, and the proof of delivery.",
        ),
    },
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
