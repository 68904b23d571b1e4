"""Errors about operators: sign-in, invitations, passwords, codes and roles."""

from lumira.errors import Conflict, InvalidRequest, NotFound, Unauthorized


class SignInRefused(Unauthorized):
    """The e-mail address, the password or the code of an operator is wrong; nothing says which."""


class OperatorNotFound(NotFound):
    """There is no such operator, or not at this tenant."""


class InvitationNotFound(NotFound):
    """There is no such open invitation."""


class LinkEnded(NotFound):
    """The link to set up an account is unknown, was used, or has ended."""


class RefusedPassword(InvalidRequest):
    """The new password is too short or easy to guess; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This password cannot be used: {reason.replace('_', ' ')}.")
        self.reason = reason


class WrongCode(InvalidRequest):
    """The one-time code is not that of the shown secret, or too old."""


class LastOwner(Conflict):
    """The tenant would be left without an owner; nothing was changed."""
