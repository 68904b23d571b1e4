"""Texts of the overview of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Vue d’ensemble",
    "alerts": "À traiter",
    "no_alerts": "Rien à traiter. Une alerte apparaît ici dès que quelque chose a besoin de vous.",
    "since": "Depuis",
    "due": "Répondre avant le",
    "replay": "Traiter l’événement à nouveau",
    "waiting": "Travail en attente",
    "deliverables": "Livrables à faire",
    "dead_messages": "Messages non remis",
    "disputes": "Litiges ouverts",
    "withdrawals": "Rétractations à décider",
    "failed_events": "Événements de Stripe non traités",
    "more_than": "plus de {}",
    "low_stock": "Stock presque vide",
    "units": "{} : {} en stock",
    "today": "Aujourd’hui",
    "period": "Période",
    "from": "Du",
    "to": "Au",
    "show": "Afficher",
    "invalid_period": "Une période a de 1 à 92 jours, et des jours comme 2026-11-27.",
    "sales": "Ventes",
    "orders": "Commandes payées",
    "opened": "Ouvertes",
    "refunded": "Remboursé",
    "disputed": "Contestées",
    "by_day": "Commandes ouvertes et payées, jour par jour",
    "chart": "Graphique : commandes ouvertes et payées par jour. Le tableau dessous a les mêmes chiffres.",
    "table": "Les chiffres en tableau",
    "day": "Jour",
    "none": "Aucune commande dans cette période. Les chiffres apparaissent avec la première commande.",
    "basis": "Chaque commande compte au jour où elle a été ouverte. Ventes : commandes payées, avant remboursement.",
    "messages": {
        "replayed": "L’événement va être traité à nouveau, dans quelques secondes.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Overview",
    "alerts": "What needs you",
    "no_alerts": "Nothing needs you. An alert appears here as soon as something does.",
    "since": "Since",
    "due": "Respond before",
    "replay": "Replay the event",
    "waiting": "Waiting work",
    "deliverables": "Deliverables to make",
    "dead_messages": "Messages not delivered",
    "disputes": "Open disputes",
    "withdrawals": "Withdrawals to decide",
    "failed_events": "Stripe’s events not processed",
    "more_than": "more than {}",
    "low_stock": "Stock nearly empty",
    "units": "{}: {} in stock",
    "today": "Today",
    "period": "Period",
    "from": "From",
    "to": "To",
    "show": "Show",
    "invalid_period": "A period has 1 to 92 days, and days as 2026-11-27.",
    "sales": "Sales",
    "orders": "Paid orders",
    "opened": "Opened",
    "refunded": "Refunded",
    "disputed": "Disputed",
    "by_day": "Orders opened and paid, by day",
    "chart": "Chart: orders opened and paid by day. The table below has the same figures.",
    "table": "The figures as a table",
    "day": "Day",
    "none": "No order in this period. The figures appear with the first order.",
    "basis": "Each order counts on the day on which it was opened. Sales: paid orders, before refunds.",
    "messages": {
        "replayed": "The event is processed again within seconds.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
