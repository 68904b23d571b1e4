"""Why a call to Dolibarr failed. Dolibarr's status codes are loose, so its text decides as well as its code."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why Dolibarr refuses a call for good, or why the call is not made."""

    #: The key is unknown, or was revoked. In version 16 also: the user of the key lacks a right.
    WRONG_KEY = "wrong_key"
    #: The user of the key lacks a right.
    MISSING_RIGHT = "missing_right"
    #: Dolibarr has no such resource: its module is off.
    MODULE_OFF = "module_off"
    #: The address answers, but not as Dolibarr's REST API does.
    NOT_DOLIBARR = "not_dolibarr"
    #: The address leads elsewhere. The key is not sent there.
    REDIRECTED = "redirected"
    #: The URL has not the form that a Dolibarr may have.
    BAD_URL = "bad_url"
    #: The host has an address that is not public, and the installation does not allow it.
    PRIVATE_ADDRESS = "private_address"
    #: A search names an extra field that does not exist.
    UNKNOWN_EXTRA_FIELD = "unknown_extra_field"
    #: A required field is missing.
    MISSING_FIELD = "missing_field"
    #: Dolibarr's own rules refuse a value (`ErrorBad…`).
    BAD_FIELD = "bad_field"
    #: A value is longer than its column.
    TOO_LONG = "too_long"
    #: Another third party has this e-mail address (`SOCIETE_EMAIL_UNIQUE`).
    EMAIL_TAKEN = "email_taken"
    #: A payment is higher than what remains to be paid.
    OVERPAID = "overpaid"
    #: The record does not exist, or no longer.
    NOT_FOUND = "not_found"
    #: Another record uses this one.
    IN_USE = "in_use"
    #: Two records have the same id of ours: the extra field is not unique.
    NOT_UNIQUE = "not_unique"
    #: A rule of Dolibarr blocks the change; Dolibarr does not say which.
    BLOCKED = "blocked"
    #: Any other refusal; the text is Dolibarr's.
    OTHER = "other"


class DolibarrError(Exception):
    """A call to Dolibarr failed. The message contains no key and no address, and is short enough to be stored."""


class DolibarrUnavailable(DolibarrError):
    """Dolibarr did not do it, and may do it later: it cannot be reached, or its database was busy."""


class DolibarrUnknownResult(DolibarrUnavailable):
    """A write may have taken place: look the record up before the call is made again."""


class DolibarrDuplicate(DolibarrError):
    """A record with this value exists. Nothing was created."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        #: The extra field, or the column, that must be unique.
        self.field = field


class DolibarrRefused(DolibarrError):
    """Dolibarr refused the call, and will refuse it again until something is changed there or in the connection."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
