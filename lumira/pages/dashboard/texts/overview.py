"""Texts of the overview of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Vue d’ensemble",
    "welcome": "Bienvenue dans {}.",
    "alerts": "À traiter",
    "no_alerts": "Rien à traiter. Une alerte apparaît ici dès que quelque chose a besoin de vous.",
    "since": "Depuis",
    "subject": "Objet",
    "remedy": "À faire",
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Overview",
    "welcome": "Welcome to {}.",
    "alerts": "What needs you",
    "no_alerts": "Nothing needs you. An alert appears here as soon as something does.",
    "since": "Since",
    "subject": "Subject",
    "remedy": "What to do",
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
