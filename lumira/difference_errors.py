"""Errors about values on which a customer and its third party in the CRM differ."""

from lumira.errors import Conflict


class ConflictInvalid(Conflict):
    """The CRM's value cannot be that of a customer; nothing was changed."""


class ConflictEmailTaken(Conflict):
    """Another customer has the e-mail address; nothing was changed."""
