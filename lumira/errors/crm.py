"""Errors about the connection of a tenant to Dolibarr."""

from lumira.errors import Conflict, InvalidRequest


class CrmNotConnected(Conflict):
    """The tenant has no connection to Dolibarr, or no key for its URL."""


class CrmNotChecked(Conflict):
    """The connection was not checked since its last change, or the check found what has to be repaired first."""


class CrmNotOn(Conflict):
    """The connection is switched off: nothing is written to Dolibarr."""


class CrmBusy(Conflict):
    """Another check of a connection is under way in this process."""


class CrmUrlRefused(InvalidRequest):
    """No Dolibarr may have this URL; nothing was changed."""


class UnknownProduct(InvalidRequest):
    """A VAT rate names a product that the tenant does not have; nothing was changed."""


class ConflictInvalid(Conflict):
    """The CRM's value cannot be that of a customer; nothing was changed."""


class ConflictEmailTaken(Conflict):
    """Another customer has the e-mail address; nothing was changed."""
