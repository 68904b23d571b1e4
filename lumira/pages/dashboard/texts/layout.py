"""Texts of the frame around every page, of forms, and of error pages."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Tableau de bord",
    "skip": "Aller au contenu",
    "worker_silent": (
        "Aucun traitement de fond ne tourne\u00a0: ni commande, ni e-mail ne part, et rien n’est perdu."
        " La personne qui gère le serveur doit le démarrer."
    ),
    "frozen": (
        "Cette boutique déménage vers une autre installation\u00a0: tout se lit et s’exporte ici, rien ne s’y vend et"
        " rien ne s’y modifie."
    ),
    "navigation": "Pages de la boutique",
    "menu": "Menu",
    "close_menu": "Fermer le menu",
    "groups": {"to_do": "À traiter", "accounting": "Comptabilité", "system": "Technique", "shop": "Boutique"},
    "where": "Où vous êtes",
    "shops": "Boutiques",
    "change_shop": "Changer de boutique",
    "choose_shop": "Choisissez une boutique.",
    "no_shop": "Vous ne faites partie d’aucune équipe. Demandez une invitation à un propriétaire de la boutique.",
    "account": "Mon compte",
    "sign_out": "Se déconnecter",
    "language": "Langue",
    "languages": {"fr": "Français", "en": "English"},
    "pages": {
        "overview": "Vue d’ensemble",
        "orders": "Commandes",
        "deliverables": "Livrables",
        "disputes": "Litiges",
        "payouts": "Versements",
        "accounting": "Export comptable",
        "shipments": "À expédier",
        "withdrawals": "Rétractations",
        "differences": "Divergences",
        "alerts": "Alertes",
        "messages": "Messages",
        "webhooks": "Webhooks",
        "team": "Équipe",
        "settings": "Réglages",
        "installation": "Mise en service",
        "keys": "Clés d’API",
        "board": "Supervision",
        "audit": "Journal",
        "program_errors": "Erreurs",
        "catalog": "Catalogue",
        "promotions": "Codes promo",
        "customers": "Clients",
    },
    "roles": {"owner": "Propriétaire", "expert": "Expert", "viewer": "Lecteur"},
    "role_hints": {
        "owner": "peut tout faire, y compris rembourser et gérer l’équipe",
        "expert": "prépare les livrables, ne voit rien d’autre",
        "viewer": "voit tout, ne change rien",
    },
    #: A name and what belongs to it.
    "pair": "{}\N{NO-BREAK SPACE}: {}",
    "cancel": "Annuler",
    "copy": "Copier",
    "copied": "Copié",
    "back": "Retour",
    "show": "Afficher",
    "today": "aujourd’hui",
    "first_page": "Première page",
    "next_page": "Page suivante",
    "searched": "Seules les {} commandes les plus récentes qui correspondent ont été cherchées. Précisez la recherche.",
    "actors": {
        "stripe": "Stripe",
        "buyer": "l’acheteur",
        "operator": "la ligne de commande",
        "reconciliation": "Lumira",
        "worker": "Lumira",
        "key": "une clé d’API",
        "removed": "une personne qui n’est plus dans l’équipe",
    },
    "notice": {
        "not_found": (
            "Cette page n’existe pas",
            "L’adresse est incomplète, ou votre compte n’y a pas accès. Demandez à un propriétaire de la boutique.",
        ),
        "forbidden": (
            "Votre rôle ne le permet pas",
            "Rien n’a été modifié. Demandez à un propriétaire de la boutique de le faire ou de changer votre rôle.",
        ),
        "stale_form": (
            "Ce formulaire n’est plus valable",
            "Rien n’a été modifié. Revenez en arrière, rechargez la page et envoyez le formulaire encore une fois.",
        ),
        "card_number": (
            "Un numéro de carte a été saisi",
            "Rien n’a été modifié. Revenez en arrière et retirez-le : Lumira n’en enregistre aucun.",
        ),
        "too_often": ("Un peu de patience", "Il y a eu trop de tentatives. Réessayez dans quelques minutes."),
        "too_large": (
            "Ce fichier est trop grand",
            "Rien n’a été modifié. Revenez en arrière et choisissez un fichier plus petit.",
        ),
        "frozen": (
            "Cette boutique déménage",
            "Rien n’a été modifié : elle rejoint une autre installation. Faites-le là-bas quand elle y vend.",
        ),
        "later": ("Un instant", "Cela ne fonctionne pas pour le moment. Réessayez dans quelques minutes."),
        "refund_unknown": (
            "Relisez d’abord la commande",
            "La base de données ne répond pas : le remboursement est peut-être enregistré. Ouvrez la commande d’abord.",
        ),
        "refused": ("Ce n’est pas possible", "Rien n’a été modifié."),
    },
    "invalid": {
        "required": "Ce champ est obligatoire.",
        "email": "Écrivez une adresse e-mail, par exemple prenom@exemple.fr.",
        "too_long": "Ce texte est trop long.",
        "choice": "Choisissez une des valeurs de la liste.",
    },
    "messages": {
        "language_set": "La langue a été changée.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Dashboard",
    "skip": "Skip to the content",
    "worker_silent": (
        "No worker runs: no order is completed and no e-mail is sent, and nothing is lost. The administrator has to"
        " start it."
    ),
    "frozen": (
        "This shop is being moved to another installation: everything can be read and exported here, and nothing is"
        " sold or changed."
    ),
    "navigation": "Pages of the shop",
    "menu": "Menu",
    "close_menu": "Close the menu",
    "groups": {"to_do": "To do", "accounting": "Accounting", "system": "System", "shop": "Shop"},
    "where": "Where you are",
    "shops": "Shops",
    "change_shop": "Change shop",
    "choose_shop": "Choose a shop.",
    "no_shop": "You are in no team. Ask an owner of the shop for an invitation.",
    "account": "My account",
    "sign_out": "Sign out",
    "language": "Language",
    "languages": {"fr": "Français", "en": "English"},
    "pages": {
        "overview": "Overview",
        "orders": "Orders",
        "deliverables": "Deliverables",
        "disputes": "Disputes",
        "payouts": "Payouts",
        "accounting": "Accounting export",
        "shipments": "To ship",
        "withdrawals": "Withdrawals",
        "differences": "Differences",
        "alerts": "Alerts",
        "messages": "Messages",
        "webhooks": "Webhooks",
        "team": "Team",
        "settings": "Settings",
        "installation": "Set-up",
        "keys": "API keys",
        "board": "Board",
        "audit": "Audit",
        "program_errors": "Errors",
        "catalog": "Catalog",
        "promotions": "Promotion codes",
        "customers": "Customers",
    },
    "roles": {"owner": "Owner", "expert": "Expert", "viewer": "Viewer"},
    "role_hints": {
        "owner": "may do everything, such as refunds and the team",
        "expert": "makes the deliverables, sees nothing else",
        "viewer": "sees everything, changes nothing",
    },
    "pair": "{}: {}",
    "cancel": "Cancel",
    "copy": "Copy",
    "copied": "Copied",
    "back": "Back",
    "show": "Show",
    "today": "today",
    "first_page": "First page",
    "next_page": "Next page",
    "searched": "Only the {} newest orders that match were searched. Make the search more precise.",
    "actors": {
        "stripe": "Stripe",
        "buyer": "the buyer",
        "operator": "the command line",
        "reconciliation": "Lumira",
        "worker": "Lumira",
        "key": "an API key",
        "removed": "a person who left the team",
    },
    "notice": {
        "not_found": (
            "This page does not exist",
            "The address is incomplete, or your account has no access to it. Ask an owner of the shop.",
        ),
        "forbidden": (
            "Your role does not permit this",
            "Nothing was changed. Ask an owner of the shop to do it or to change your role.",
        ),
        "stale_form": (
            "This form is no longer valid",
            "Nothing was changed. Go back, reload the page and send the form once more.",
        ),
        "card_number": (
            "A card number was entered",
            "Nothing was changed. Go back and remove it: Lumira stores none.",
        ),
        "too_often": ("One moment", "There were too many attempts. Try again in a few minutes."),
        "too_large": (
            "This file is too large",
            "Nothing was changed. Go back and choose a smaller file.",
        ),
        "frozen": (
            "This shop is being moved",
            "Nothing was changed: it moves to another installation. Do it there once the shop sells there.",
        ),
        "later": ("One moment", "This does not work at the moment. Try again in a few minutes."),
        "refund_unknown": (
            "Look at the order first",
            "The database does not respond: the refund may be recorded. Open the order before you request it again.",
        ),
        "refused": ("This is not possible", "Nothing was changed."),
    },
    "invalid": {
        "required": "This field is required.",
        "email": "Write an e-mail address, such as name@example.com.",
        "too_long": "This text is too long.",
        "choice": "Choose one of the values of the list.",
    },
    "messages": {
        "language_set": "The language was changed.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
