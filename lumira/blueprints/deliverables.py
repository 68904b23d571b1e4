"""`/api/orders/<reference>/deliverables`: the work that is made for one buyer."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.idempotent_requests import IDEMPOTENCY_KEY, idempotent_call, replying
from lumira.blueprints.http.references import checked_name, checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.errors import Conflict, NotFound
from lumira.errors.files import InvalidFile, StorageUnavailable
from lumira.errors.orders import OrderNotFound
from lumira.repositories.fulfilment.deliverables import DeliverableState
from lumira.schemas.deliverables import (
    ChangeDeliverableRequest,
    DeliverableChangedResponse,
    DeliverablesResponse,
    FileUploadedResponse,
    UploadedFile,
    UploadFileRequest,
)
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.files.view_deliverables import view_deliverables

blueprint = ApiBlueprint("deliverables", __name__, url_prefix="/api/orders", description="Deliverables")

_PLACE = "/<reference>/deliverables/<deliverable>"


@blueprint.get("/<reference>/deliverables", name="listDeliverables")
@blueprint.raises(OrderNotFound)
@blueprint.replies(DeliverablesResponse)
def list_deliverables(reference: str) -> dict[str, Any]:
    """The deliverables of an order, with their state and files."""
    return {"deliverables": view_deliverables(g.tenant_id, checked_reference(reference))}


@blueprint.post(f"{_PLACE}/files", name="uploadDeliverableFile", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, NotFound, Conflict, InvalidFile, StorageUnavailable)
@blueprint.form(UploadFileRequest)
@blueprint.replies(FileUploadedResponse)
def upload_file(file: UploadedFile, reference: str, deliverable: str) -> Any:
    """Add a file to a deliverable, by its id or key; a file of the same name is replaced.

    The deliverable's state changes from `to_do` to `in_progress`. The buyer sees its files once it is delivered.
    """
    reply = upload_deliverable(
        g.tenant_id,
        checked_reference(reference),
        checked_name(deliverable),
        Upload(file.file_name, file.stream),
        call=idempotent_call(request),
    )
    return replying(reply)


@blueprint.post(_PLACE, name="changeDeliverable", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, NotFound, Conflict)
@blueprint.body(ChangeDeliverableRequest, example={"state": "delivered"})
@blueprint.replies(DeliverableChangedResponse)
def change(state: str, reference: str, deliverable: str) -> Any:
    """Change the state of a deliverable, by its id or key; `delivered` notifies the buyer."""
    reply = change_deliverable(
        g.tenant_id,
        checked_reference(reference),
        checked_name(deliverable),
        DeliverableState(state),
        call=idempotent_call(request),
    )
    return replying(reply)
