"""Texts of the errors of the program at a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Erreurs",
    "intro": (
        "Erreurs du programme lui-même, survenues pour cette boutique. Vous n’avez rien à corriger ici\u00a0: la"
        " personne qui gère le serveur reçoit une alerte."
    ),
    "open": "Ouvertes",
    "resolved": "Résolues",
    "once": "Survenue une fois, le {}.",
    "often": "Survenue {} fois, la première le {}, la dernière le {}.",
    "resolved_at": "Résolue le {}.",
    "number": "Numéro à donner à la personne qui gère le serveur\u00a0:",
    "details": "Détails techniques",
    "request": "Requête",
    "release": "Version",
    "traceback": "Trace de l’erreur",
    "none": "Aucune erreur ouverte.",
    "none_hint": (
        "Une erreur apparaît ici quand le programme échoue d’une manière imprévue, avec le nombre de fois et la"
        " dernière date. Elle est résolue d’elle-même si elle ne revient pas pendant sept jours."
    ),
    "none_resolved": "Aucune erreur résolue.",
    "none_resolved_hint": "Une erreur apparaît ici quand elle est corrigée, ou ne revient pas pendant sept jours.",
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Errors",
    "intro": (
        "Errors of the program itself that occurred for this shop. There is nothing to correct here: the administrator"
        " of the server gets an alert."
    ),
    "open": "Open",
    "resolved": "Resolved",
    "once": "Occurred once, on {}.",
    "often": "Occurred {} times, first on {}, last on {}.",
    "resolved_at": "Resolved on {}.",
    "number": "Number to give to the administrator of the server:",
    "details": "Technical details",
    "request": "Request",
    "release": "Version",
    "traceback": "Traceback of the error",
    "none": "No error is open.",
    "none_hint": (
        "An error appears here when the program fails in a way that was not foreseen, with how often and when last. It"
        " resolves itself if it does not recur for seven days."
    ),
    "none_resolved": "No error was resolved.",
    "none_resolved_hint": "An error appears here once it is corrected, or has not recurred for seven days.",
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
