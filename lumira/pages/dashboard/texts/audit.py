"""Texts of the audit log of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language
from lumira.pages.dashboard.texts.audit_actions import ENGLISH_ACTIONS, FRENCH_ACTIONS

_FRENCH: dict[str, Any] = {
    "title": "Journal",
    "action": "Action",
    "actions": FRENCH_ACTIONS,
    "any_action": "Toutes",
    "code": "Code",
    "actor": "Auteur",
    "any_actor": "Tous",
    "subject": "Objet",
    "subject_hint": "Un numéro de commande, ou un objet comme product:mystique.",
    "reset": "Tout afficher",
    "at": "Date",
    "details": "Détails",
    "export": "Télécharger en CSV",
    "none": "Aucune entrée ne correspond.",
    "none_hint": "Vérifiez les filtres, ou affichez tout.",
    "empty": "Le journal est vide.",
    "empty_hint": "Une entrée apparaît ici dès qu’une vente, un remboursement ou un réglage change quelque chose.",
    "chain": "Protection contre les modifications",
    "sealed": "{} entrées sont scellées ; la dernière l’a été le {}.",
    "not_sealed": "Aucune entrée n’est encore scellée : cela se fait toutes les cinq minutes.",
    "broken": "Une alerte est ouverte : le journal diffère de ce qui a été conservé hors de la base de données.",
    "verify": "Vérifier",
    "verify_hint": (
        "Vérifie au plus les {} entrées scellées les plus récentes ; « flask audit verify » les vérifie toutes."
    ),
    "messages": {
        "verified": (
            "{links} des {sealed} entrées scellées ont été vérifiées, les plus récentes d’abord : aucune n’a été"
            " modifiée. « flask audit verify » les vérifie toutes."
        ),
        "changed": (
            "{links} des {sealed} entrées scellées ont été vérifiées : {errors} anomalies. La première : {first}."
            " Prévenez la personne qui gère le serveur : « flask audit verify » vérifie tout."
        ),
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Audit",
    "action": "Action",
    "actions": ENGLISH_ACTIONS,
    "any_action": "All",
    "code": "Code",
    "actor": "Actor",
    "any_actor": "All",
    "subject": "Subject",
    "subject_hint": "The number of an order, or a subject such as product:mystique.",
    "reset": "Show all",
    "at": "At",
    "details": "Details",
    "export": "Download as CSV",
    "none": "No entry matches.",
    "none_hint": "Check the filters, or show all.",
    "empty": "The audit log is empty.",
    "empty_hint": "An entry appears here as soon as a sale, a refund or a setting changes something.",
    "chain": "Protection against changes",
    "sealed": "{} entries are sealed, the last one on {}.",
    "not_sealed": "No entry is sealed yet: this is done every five minutes.",
    "broken": "An alert is open: the audit log differs from what was stored outside the database.",
    "verify": "Verify",
    "verify_hint": "Verifies at most the {} newest sealed entries; “flask audit verify” verifies all.",
    "messages": {
        "verified": (
            "{links} of {sealed} sealed entries were verified, the newest first: none was changed."
            " “flask audit verify” verifies all."
        ),
        "changed": (
            "{links} of {sealed} sealed entries were verified: {errors} errors. The first one: {first}."
            " Inform the administrator: “flask audit verify” verifies all."
        ),
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
