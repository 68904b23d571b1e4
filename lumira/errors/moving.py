"""Errors of moving a tenant between installations, for the operator who runs the command."""

from lumira.errors import LumiraError


class UnusableArchive(LumiraError):
    """The archive is no archive of a tenant, is incomplete, was changed, or its passphrase is another one."""


class MoveRefused(LumiraError):
    """The tenant cannot be exported or imported now; the message says what to do, and nothing was changed."""
