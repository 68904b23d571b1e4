"""Texts of an operator's own account."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Mon compte",
    "email": "Adresse e-mail",
    "roles": "Vos rôles",
    "password_title": "Mot de passe",
    "current": "Mot de passe actuel",
    "new": "Nouveau mot de passe",
    "change_password": "Changer le mot de passe",
    "password_effect": "Vos autres appareils seront déconnectés.",
    "wrong_current": "Ce n’est pas votre mot de passe actuel.",
    "app_title": "Application d’authentification",
    "app_intro": "Vous changez de téléphone ? Scannez un nouveau code avec l’application du nouveau.",
    "change_app": "Changer d’application",
    "app_submit": "Utiliser cette application",
    "codes_title": "Codes de récupération",
    "codes_left": "{} codes inutilisés.",
    "renew_codes": "Créer de nouveaux codes",
    "sessions_title": "Appareils connectés",
    "device": "Navigateur",
    "since": "Connecté depuis",
    "last_seen": "Dernière activité",
    "action": "Action",
    "this_one": "cet appareil",
    "end": "Déconnecter",
    "end_named": "Déconnecter {}",
    "end_others": "Déconnecter tous les autres appareils",
    "messages": {
        "password_changed": "Le mot de passe a été changé. Vos autres appareils sont déconnectés.",
        "app_changed": "La nouvelle application est en service. Vos autres appareils sont déconnectés.",
        "session_ended": "L’appareil a été déconnecté.",
        "others_ended": "Les autres appareils ont été déconnectés.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "My account",
    "email": "E-mail address",
    "roles": "Your roles",
    "password_title": "Password",
    "current": "Current password",
    "new": "New password",
    "change_password": "Change the password",
    "password_effect": "Your other devices are signed out.",
    "wrong_current": "This is not your current password.",
    "app_title": "Authenticator app",
    "app_intro": "A new telephone? Scan a new code with its app.",
    "change_app": "Change the app",
    "app_submit": "Use this app",
    "codes_title": "Recovery codes",
    "codes_left": "{} unused codes.",
    "renew_codes": "Create new codes",
    "sessions_title": "Signed-in devices",
    "device": "Browser",
    "since": "Signed in since",
    "last_seen": "Last activity",
    "action": "Action",
    "this_one": "this device",
    "end": "Sign out",
    "end_named": "Sign out {}",
    "end_others": "Sign out all other devices",
    "messages": {
        "password_changed": "The password was changed. Your other devices are signed out.",
        "app_changed": "The new app is in use. Your other devices are signed out.",
        "session_ended": "The device was signed out.",
        "others_ended": "The other devices were signed out.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
