"""Texts of the API keys of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Clés d’API",
    "intro": "Une clé permet à un site ou à un programme d’appeler Lumira pour cette boutique.",
    "created_title": "Voici la nouvelle clé",
    "created": "Copiez-la maintenant : elle ne sera plus montrée. Ne la transmettez qu’à la personne qui en a besoin.",
    "digits": "Clé",
    "kind": "Genre",
    "kinds": {
        "publishable": "publique : ouvre des paiements, peut figurer dans une page",
        "secret": "secrète : peut tout faire, reste sur un serveur",
    },
    "short_kinds": {"publishable": "publique", "secret": "secrète"},
    "since": "Créée",
    "state": "État",
    "active": "en service",
    "revoked_at": "révoquée le {}",
    "expires_at": "remplacée, fonctionne jusqu’au {}",
    "expired_at": "remplacée, expirée le {}",
    "action": "Action",
    "rotate": "Remplacer…",
    "rotate_hint": "Une nouvelle clé du même genre est créée. L’ancienne fonctionne encore, le temps de l’échanger.",
    "overlap": "L’ancienne fonctionne encore",
    "overlaps": {"1": "une heure", "24": "un jour", "168": "une semaine"},
    "rotate_now": "Remplacer",
    "rotate_named": "Remplacer la clé {}",
    "revoke": "Révoquer…",
    "revoke_hint": "Les programmes qui l’utilisent sont refusés en quelques secondes. C’est définitif.",
    "revoke_now": "Révoquer",
    "revoke_named": "Révoquer la clé {}",
    "none": "Aucune clé. Créez-en une pour brancher votre site ou votre programme.",
    "create_title": "Créer une clé",
    "create": "Créer la clé",
    "messages": {
        "revoked": "La clé a été révoquée.",
        "replaced_before": (
            "Cette clé est déjà remplacée par la clé {digits}, qui n’est plus montrée. Si vous ne l’avez pas copiée,"
            " remplacez celle-là."
        ),
        "created_before": (
            "Ce formulaire a déjà créé la clé {digits} : elle n’est plus montrée. Si vous ne l’avez pas copiée,"
            " révoquez-la et créez-en une autre."
        ),
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "API keys",
    "intro": "With a key a web site or a program calls Lumira for this shop.",
    "created_title": "This is the new key",
    "created": "Copy it now: it is not shown again. Pass it on to the person who needs it, and to no one else.",
    "digits": "Key",
    "kind": "Kind",
    "kinds": {
        "publishable": "publishable: opens payments, may be in a web page",
        "secret": "secret: may do everything, stays on a server",
    },
    "short_kinds": {"publishable": "publishable", "secret": "secret"},
    "since": "Created",
    "state": "State",
    "active": "active",
    "revoked_at": "revoked on {}",
    "expires_at": "replaced, works until {}",
    "expired_at": "replaced, expired on {}",
    "action": "Action",
    "rotate": "Replace…",
    "rotate_hint": "A new key of the same kind is created. The old one still works while you exchange it.",
    "overlap": "The old one still works for",
    "overlaps": {"1": "an hour", "24": "a day", "168": "a week"},
    "rotate_now": "Replace",
    "rotate_named": "Replace the key {}",
    "revoke": "Revoke…",
    "revoke_hint": "Programs that use it are refused within seconds. This cannot be undone.",
    "revoke_now": "Revoke",
    "revoke_named": "Revoke the key {}",
    "none": "There is no key. Create one to connect your web site or program.",
    "create_title": "Create a key",
    "create": "Create the key",
    "messages": {
        "revoked": "The key was revoked.",
        "replaced_before": (
            "This key is replaced by the key {digits} already, which is not shown again. If you have not copied it,"
            " replace that one."
        ),
        "created_before": (
            "This form has created the key {digits} already: it is not shown again. If you have not copied it, revoke"
            " it and create another one."
        ),
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
