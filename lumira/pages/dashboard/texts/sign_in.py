"""Texts of sign-in, and of the page that asks for password and code once more."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Connexion",
    "email": "Adresse e-mail",
    "password": "Mot de passe",
    "code": "Code à six chiffres",
    "code_hint": "Celui de votre application d’authentification, ou un code de récupération.",
    "submit": "Se connecter",
    "lost": "Mot de passe ou téléphone perdu ? Demandez un lien à la personne qui administre Lumira.",
    "refused": "L’adresse, le mot de passe ou le code ne sont pas les bons. Un code ne sert qu’une fois.",
    "confirm_title": "Confirmez que c’est vous",
    "confirm_intro": (
        "Cette action ne peut pas être annulée : entrez votre mot de passe et un nouveau code."
        " C’est valable dix minutes."
    ),
    "confirm_submit": "Continuer",
    "confirm_refused": "Le mot de passe ou le code ne sont pas les bons. Un code ne sert qu’une fois.",
    "messages": {
        "signed_out": "Vous êtes déconnecté.",
        "required": "Connectez-vous pour continuer.",
        "confirmed": "C’est confirmé : appuyez encore une fois sur le bouton.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Sign in",
    "email": "E-mail address",
    "password": "Password",
    "code": "Six-digit code",
    "code_hint": "That of your authenticator app, or a recovery code.",
    "submit": "Sign in",
    "lost": "Lost your password or telephone? Ask the person who administers Lumira for a link.",
    "refused": "The address, the password or the code is wrong. A code can be used once.",
    "confirm_title": "Confirm that it is you",
    "confirm_intro": (
        "This action cannot be undone: enter your password and a new code. It counts for ten minutes."
    ),
    "confirm_submit": "Continue",
    "confirm_refused": "The password or the code is wrong. A code can be used once.",
    "messages": {
        "signed_out": "You are signed out.",
        "required": "Sign in to continue.",
        "confirmed": "Confirmed: press the button once more.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
