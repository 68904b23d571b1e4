"""What an operator reads about an error of a use case, by the name of its class."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from lumira.models import Language

_FRENCH: dict[str, str] = {
    "LastOwner": "L’équipe a besoin d’un propriétaire : nommez d’abord un autre propriétaire.",
    "LinkEnded": "Ce lien a été utilisé ou n’est plus valable. Demandez-en un nouveau à un propriétaire.",
    "NoPublicUrl": "L’adresse de l’installation (PUBLIC_URL) n’est pas réglée : aucun lien ne peut être envoyé.",
    "OperatorNotFound": "Cette personne ne fait pas partie de l’équipe.",
    "InvitationNotFound": "Cette invitation a été acceptée, retirée, ou n’est plus valable.",
    "WrongCode": "Ce code n’est pas le bon : entrez le plus récent que montre l’application.",
}
_ENGLISH: dict[str, str] = {
    "LastOwner": "The team needs an owner: make another operator an owner first.",
    "LinkEnded": "This link was used or has ended. Ask an owner for a new one.",
    "NoPublicUrl": "The address of the installation (PUBLIC_URL) is not set: no link can be sent.",
    "OperatorNotFound": "This person is not in the team.",
    "InvitationNotFound": "This invitation was accepted or revoked, or has ended.",
    "WrongCode": "This is not the code: enter the newest one that the app shows.",
}

ERRORS: dict[Language, dict[str, str]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
