"""Errors about files: their content, storage and rendering, and the work that delivers them."""

from http import HTTPStatus

from lumira.errors import Conflict, InvalidRequest, LumiraError, NotFound


class NoWorkDue(Conflict):
    """No work on a deliverable is due: the order is unpaid, refunded, disputed or erased."""


class AlreadyClaimed(Conflict):
    """Another operator works on the deliverable."""


class AlreadyDelivered(Conflict):
    """The deliverable is delivered, and its buyer notified."""


class NoFileYet(Conflict):
    """The deliverable has no file that could be delivered."""


class InvalidFile(InvalidRequest):
    """The file has a type that is not accepted, or its content does not match its name."""

    code = "INVALID_FILE"


class InvalidImage(InvalidFile):
    """The file is no image that a product can have."""


class FileTooLarge(LumiraError):
    """The file exceeds the size limit; nothing was stored."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "PAYLOAD_TOO_LARGE"


class FileMissing(NotFound):
    """The file does not exist, or was deleted."""


class StorageUnavailable(LumiraError):
    """The file storage is not reachable; nothing was changed. The call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STORAGE_UNAVAILABLE"


class RenderingUnavailable(LumiraError):
    """The document cannot be rendered. Nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "RENDERING_UNAVAILABLE"


class RenderingBusy(LumiraError):
    """All rendering processes are in use. Nothing was changed; the call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "RENDERING_BUSY"


class AccessEnded(LumiraError):
    """The buyer's access to the file has ended."""

    status = HTTPStatus.FORBIDDEN
    code = "ACCESS_ENDED"
