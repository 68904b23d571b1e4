"""Texts of the team of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Équipe",
    "operators": "Personnes de l’équipe",
    "email": "Adresse e-mail",
    "role": "Rôle",
    "since": "Depuis",
    "last_sign_in": "Dernière connexion",
    "never": "jamais",
    "action": "Action",
    "you": "vous",
    "change": "Changer le rôle",
    "change_named": "Changer le rôle de {}",
    "role_of": "Rôle de {}",
    "remove": "Retirer…",
    "remove_now": "Retirer",
    "remove_named": "Retirer {} de l’équipe",
    "remove_intro": "{} n’aura plus accès à cette boutique, dès maintenant.",
    "invitations": "Invitations en attente",
    "no_invitations": "Aucune invitation en attente. Une invitation apparaît ici jusqu’à ce qu’elle soit acceptée.",
    "until": "Valable jusqu’au",
    "sent": "E-mail",
    "sent_state": {"sent": "envoyé", "pending": "en attente", "not_sent": "pas envoyé"},
    "revoke": "Retirer",
    "revoke_named": "Retirer l’invitation de {}",
    "invite_title": "Inviter une personne",
    "invite_intro": "Elle reçoit un lien par e-mail, valable trois jours.",
    "invite": "Inviter",
    "messages": {
        "invited": "L’invitation part par e-mail à {email}.",
        "revoked": "L’invitation a été retirée.",
        "role_changed": "Le rôle a été changé.",
        "removed": "La personne ne fait plus partie de l’équipe.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Team",
    "operators": "People of the team",
    "email": "E-mail address",
    "role": "Role",
    "since": "Since",
    "last_sign_in": "Last sign-in",
    "never": "never",
    "action": "Action",
    "you": "you",
    "change": "Change the role",
    "change_named": "Change the role of {}",
    "role_of": "Role of {}",
    "remove": "Remove…",
    "remove_now": "Remove",
    "remove_named": "Remove {} from the team",
    "remove_intro": "{} has no access to this shop any more, from now on.",
    "invitations": "Pending invitations",
    "no_invitations": "No invitation is pending. An invitation is shown here until it is accepted.",
    "until": "Valid until",
    "sent": "E-mail",
    "sent_state": {"sent": "sent", "pending": "pending", "not_sent": "not sent"},
    "revoke": "Revoke",
    "revoke_named": "Revoke the invitation of {}",
    "invite_title": "Invite a person",
    "invite_intro": "The person receives a link by e-mail, which is valid for three days.",
    "invite": "Invite",
    "messages": {
        "invited": "The invitation is sent by e-mail to {email}.",
        "revoked": "The invitation was revoked.",
        "role_changed": "The role was changed.",
        "removed": "The person is not in the team any more.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
