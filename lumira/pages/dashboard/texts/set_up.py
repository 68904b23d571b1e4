"""Texts of the pages that set up an account."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Créer votre accès",
    "reset_title": "Un nouveau mot de passe",
    "invited": "Vous êtes invité dans l’équipe de {shop} comme {role}.",
    "for": "Ce compte est celui de {email}.",
    "password": "Mot de passe",
    "new_password": "Nouveau mot de passe",
    "password_hint": "12 caractères au moins. Une phrase de quatre mots convient.",
    "app": "Application d’authentification",
    "app_hint": (
        "Scannez ce code avec une application telle que Aegis, Google Authenticator ou 1Password, puis entrez"
        " le code à six chiffres qu’elle montre."
    ),
    "secret": "Sans appareil photo, entrez cette clé dans l’application :",
    "qr": "Code QR pour l’application d’authentification",
    "code": "Code à six chiffres",
    "submit": "Créer mon accès",
    "reset_submit": "Enregistrer",
    "has_account": "Vous avez déjà un compte : connectez-vous pour accepter l’invitation.",
    "accept": "Accepter l’invitation",
    "sign_in": "Se connecter",
    "other_account": "Cette invitation est pour {email}. Déconnectez-vous, puis ouvrez le lien encore une fois.",
    "codes_title": "Vos codes de récupération",
    "codes_intro": (
        "Chacun remplace une fois le code de l’application si vous n’avez pas votre téléphone. Notez-les"
        " maintenant : ils ne seront plus montrés."
    ),
    "codes_done": "Je les ai notés : continuer",
    "refused": {
        "too_short": "Ce mot de passe est trop court : 12 caractères au moins.",
        "too_long": "Ce mot de passe est trop long : 128 caractères au plus.",
        "guessable": "Ce mot de passe est facile à deviner. Ajoutez des mots qui ne vont pas ensemble.",
    },
    "messages": {
        "joined": "Vous faites maintenant partie de l’équipe de {shop}.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Set up your account",
    "reset_title": "A new password",
    "invited": "You are invited to the team of {shop} as {role}.",
    "for": "This account is that of {email}.",
    "password": "Password",
    "new_password": "New password",
    "password_hint": "12 characters or more. A phrase of four words is fine.",
    "app": "Authenticator app",
    "app_hint": (
        "Scan this code with an app such as Aegis, Google Authenticator or 1Password, then enter the six-digit code"
        " that it shows."
    ),
    "secret": "Without a camera, enter this key in the app:",
    "qr": "QR code for the authenticator app",
    "code": "Six-digit code",
    "submit": "Set up my account",
    "reset_submit": "Save",
    "has_account": "You have an account: sign in to accept the invitation.",
    "accept": "Accept the invitation",
    "sign_in": "Sign in",
    "other_account": "This invitation is for {email}. Sign out, then open the link once more.",
    "codes_title": "Your recovery codes",
    "codes_intro": (
        "Each of them replaces the code of the app once, if you do not have your telephone. Write them down now:"
        " they are not shown again."
    ),
    "codes_done": "I have written them down: continue",
    "refused": {
        "too_short": "This password is too short: 12 characters or more.",
        "too_long": "This password is too long: 128 characters at most.",
        "guessable": "This password is easy to guess. Add words that do not go together.",
    },
    "messages": {
        "joined": "You are in the team of {shop} now.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
