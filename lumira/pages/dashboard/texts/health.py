"""Texts of the health of the webhook endpoint."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Santé du webhook",
    "link": "Santé du webhook et graphiques",
    "last": "Dernier événement livré par Stripe",
    "never": "aucun parmi les derniers",
    "recovered": "Allés chercher chez Stripe",
    "recovered_of": "{} des {} derniers, le plus récent le {} : Stripe ne les a pas livrés",
    "oldest": "Le plus ancien à traiter",
    "nothing_due": "aucun n’attend",
    "since": "reçu le {}",
    "failed": "Échoués",
    "more_than": "plus de {}",
    "advice": {
        "recovered": (
            "Des événements n’arrivent pas par le webhook. Rien n’est perdu, car Lumira va les chercher, mais les"
            " commandes attendent plus longtemps : vérifiez le webhook."
        ),
        "refused": (
            "Les dernières livraisons sont refusées, et aucune n’a été acceptée depuis : le secret du webhook n’est"
            " pas le bon, ou une personne étrangère envoie des requêtes. Rien n’est perdu, car Lumira va"
            " chercher les événements."
        ),
        "nothing": "Aucun événement n’est encore arrivé. Vérifiez le webhook.",
        "late": "Un événement attend depuis plus de cinq minutes : le traitement de fond est arrêté ou surchargé.",
        "well": "Les événements arrivent et sont traités.",
    },
    "refused": "Livraisons refusées en 7 jours",
    "refused_times": "{} ({}), la dernière le {}",
    "none_refused": "aucune",
    "reasons": {
        "signature": "signature non valable",
        "no_secret": "aucun secret enregistré",
        "no_event": "contenu illisible",
    },
    "check": "Vérifier chez Stripe",
    "set_up": "Mise en service",
    "span": "Par",
    "spans": {"hours": "heure, depuis 24 heures", "days": "jour, depuis 30 jours"},
    "hour": "{} h",
    "received": "Événements reçus",
    "received_chart": "Graphique : événements reçus. Le tableau dessous a les mêmes chiffres.",
    "took": "Temps de traitement",
    "took_chart": "Graphique : temps entre réception et traitement. Le tableau dessous a les mêmes chiffres.",
    "took_hint": (
        "De la réception au traitement, attentes et nouveaux essais compris ; mesuré sur un échantillon régulier."
    ),
    "median": "la moitié, au plus",
    "high": "95 sur cent, au plus",
    "table": "Les chiffres en tableau",
    "when": "Quand",
    "none": "Aucun événement dans cette période. Les graphiques apparaissent avec le premier.",
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Health of the endpoint",
    "link": "Health of the endpoint, and charts",
    "last": "Last event that Stripe delivered",
    "never": "none among the newest",
    "recovered": "Fetched from Stripe",
    "recovered_of": "{} of the newest {}, the last one on {}: Stripe did not deliver them",
    "oldest": "Longest waiting",
    "nothing_due": "none waits",
    "since": "received on {}",
    "failed": "Failed",
    "more_than": "more than {}",
    "advice": {
        "recovered": (
            "Some events do not arrive at the endpoint. Nothing is lost, because Lumira fetches them, but orders wait"
            " longer: check the endpoint."
        ),
        "refused": (
            "The last deliveries were refused, and none was accepted since: the endpoint’s signing secret is wrong, or"
            " a stranger sends requests. Nothing is lost, because Lumira fetches the events."
        ),
        "nothing": "No event has arrived yet. Check the endpoint.",
        "late": "An event has waited for more than five minutes: the worker is stopped or overloaded.",
        "well": "Events arrive and are processed.",
    },
    "refused": "Deliveries refused in 7 days",
    "refused_times": "{} ({}), the last one on {}",
    "none_refused": "none",
    "reasons": {
        "signature": "invalid signature",
        "no_secret": "no secret stored",
        "no_event": "unreadable content",
    },
    "check": "Check at Stripe",
    "set_up": "Set-up",
    "span": "By",
    "spans": {"hours": "hour, the last 24 hours", "days": "day, the last 30 days"},
    "hour": "{}:00",
    "received": "Events received",
    "received_chart": "Chart: events received. The table below has the same figures.",
    "took": "Processing time",
    "took_chart": "Chart: time from arrival to processing. The table below has the same figures.",
    "took_hint": "From arrival to processing, waiting and retries included; measured on an even sample.",
    "median": "half of them, at most",
    "high": "95 of a hundred, at most",
    "table": "The figures as a table",
    "when": "When",
    "none": "No event in this period. The charts appear with the first one.",
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
