"""Texts of the list of customers."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Clients",
    "search": "Chercher",
    "search_hint": "Adresse e-mail, début d’un nom, numéro de commande, ou identifiant de Stripe (cus_…, pi_…).",
    "reset": "Tous les clients",
    "email": "Adresse e-mail",
    "name": "Nom",
    "orders": "Commandes",
    "spent": "Dépensé",
    "last_order": "Dernière commande",
    "status": "Accès",
    "statuses": {"active": "actif", "trial": "gratuit", "inactive": "aucun"},
    "erased": "Client effacé",
    "newest": "Les plus récents",
    "next": "Page suivante",
    "none": "Aucun client ne correspond.",
    "none_hint": "Un nom se cherche par son début, une adresse en entier.",
    "empty": "Aucun client pour le moment.",
    "empty_hint": "Un client apparaît ici à sa première commande. Le lien de la boutique à partager :",
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Customers",
    "search": "Search",
    "search_hint": "E-mail address, beginning of a name, order number, or an id of Stripe (cus_…, pi_…).",
    "reset": "All customers",
    "email": "E-mail address",
    "name": "Name",
    "orders": "Orders",
    "spent": "Spent",
    "last_order": "Last order",
    "status": "Access",
    "statuses": {"active": "active", "trial": "free", "inactive": "none"},
    "erased": "Erased customer",
    "newest": "Newest",
    "next": "Next page",
    "none": "No customer matches.",
    "none_hint": "A name is found by its beginning, an address as a whole.",
    "empty": "There is no customer yet.",
    "empty_hint": "A customer appears here with the first order. The link of the shop to share:",
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
