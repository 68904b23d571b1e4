"""Texts of the alerts of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language
from lumira.pages.dashboard.texts.alert_steps import (
    ENGLISH_MEANINGS,
    ENGLISH_STEPS,
    FRENCH_MEANINGS,
    FRENCH_STEPS,
)

_FRENCH: dict[str, Any] = {
    "title": "Alertes",
    "state": "Lesquelles",
    "open": "Ouvertes",
    "resolved": "Résolues",
    "kind": "Sujet",
    "any_kind": "Tous les sujets",
    "titles": {
        "dispute": "paiement contesté",
        "inquiry": "demande de la banque",
        "alert_not_sent": "alerte non envoyée",
    },
    "remedy": "À faire\u00a0:",
    "steps": FRENCH_STEPS,
    "meanings": FRENCH_MEANINGS,
    "details": "Détails techniques",
    "raised": "Depuis le {}.",
    "due": "Réponse attendue avant le {}.",
    "acknowledged": "Prise en charge par {} le {}.",
    "resolved_by": "Résolue par {} le {}.",
    "resolved_itself": "Résolue d’elle-même le {}.",
    "open_order": "Ouvrir la commande {}",
    "open_event": "Ouvrir l’événement",
    "open_message": "Ouvrir le message",
    "open_payout": "Ouvrir le versement",
    "open_withdrawal": "Décider de la rétractation",
    "acknowledge": "Je m’en occupe",
    "acknowledge_named": "Je m’en occupe\u00a0: {}",
    "resolve": "Marquer comme résolue",
    "resolve_named": "Marquer comme résolue\u00a0: {}",
    "none": "Aucune alerte ouverte.",
    "none_hint": (
        "Une alerte apparaît ici dès que quelque chose a besoin de vous\u00a0: un paiement qui ne correspond pas, un"
        " litige, un message non remis. L’équipe la reçoit aussi par e-mail."
    ),
    "none_resolved": "Aucune alerte résolue.",
    "none_resolved_hint": "Une alerte apparaît ici quand sa cause a disparu, ou quand une personne la résout.",
    "messages": {
        "acknowledged": "C’est noté\u00a0: vous vous occupez de cette alerte. Aucun e-mail ne part plus à son sujet.",
        "acknowledged_before": "Cette alerte est résolue, ou une personne s’en occupe déjà.",
        "resolved": "L’alerte est résolue. Si le problème revient, une nouvelle alerte apparaît.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Alerts",
    "state": "Which ones",
    "open": "Open",
    "resolved": "Resolved",
    "kind": "Subject",
    "any_kind": "All subjects",
    "titles": {
        "dispute": "payment disputed",
        "inquiry": "inquiry of a bank",
        "alert_not_sent": "alert not sent",
    },
    "remedy": "What to do:",
    "steps": ENGLISH_STEPS,
    "meanings": ENGLISH_MEANINGS,
    "details": "Technical details",
    "raised": "Since {}.",
    "due": "A response is due before {}.",
    "acknowledged": "{} has taken care of it since {}.",
    "resolved_by": "Resolved by {} on {}.",
    "resolved_itself": "Resolved itself on {}.",
    "open_order": "Open the order {}",
    "open_event": "Open the event",
    "open_message": "Open the message",
    "open_payout": "Open the payout",
    "open_withdrawal": "Decide about the withdrawal",
    "acknowledge": "I take care of it",
    "acknowledge_named": "I take care of it: {}",
    "resolve": "Mark as resolved",
    "resolve_named": "Mark as resolved: {}",
    "none": "No alert is open.",
    "none_hint": (
        "An alert appears here as soon as something needs you: a payment that does not match, a dispute, a message that"
        " was not delivered. The team also receives it by e-mail."
    ),
    "none_resolved": "No alert was resolved.",
    "none_resolved_hint": "An alert appears here once its cause is gone, or a person resolves it.",
    "messages": {
        "acknowledged": "Noted: you take care of this alert. No e-mail about it is sent any more.",
        "acknowledged_before": "This alert is resolved, or a person takes care of it already.",
        "resolved": "The alert is resolved. If the problem recurs, a new alert appears.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
