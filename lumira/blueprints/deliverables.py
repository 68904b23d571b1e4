"""`/api/orders/<reference>/deliverables`: what is made for one buyer, for the tenant's own systems."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.idempotent_requests import IDEMPOTENCY_KEY, idempotent_call, replying
from lumira.blueprints.http.references import checked_name, checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.repositories.deliverables import DeliverableState
from lumira.schemas.deliverables import (
    ChangeDeliverableRequest,
    DeliverableChangedResponse,
    DeliverablesResponse,
    FileSent,
    FileUploadedResponse,
    UploadFileRequest,
)
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.files.view_deliverables import view_deliverables

blueprint = ApiBlueprint("deliverables", __name__, url_prefix="/api/orders", description="Deliverables")

_PLACE = "/<reference>/deliverables/<deliverable>"


@blueprint.get("/<reference>/deliverables")
@blueprint.replies(DeliverablesResponse)
def list_deliverables(reference: str) -> dict[str, Any]:
    """What is made for the buyer of an order, how far it is, and its files."""
    return {"deliverables": view_deliverables(g.tenant_id, checked_reference(reference))}


@blueprint.post(f"{_PLACE}/files", parameters=[IDEMPOTENCY_KEY])
@blueprint.form(UploadFileRequest)
@blueprint.replies(FileUploadedResponse)
def upload_file(sent: FileSent, reference: str, deliverable: str) -> Any:
    """Add a file to a deliverable, named by its id or its key; one of the same name is replaced.

    What is to do is in progress from then on. The buyer sees its files once it is delivered.
    """
    reply = upload_deliverable(
        g.tenant_id,
        checked_reference(reference),
        checked_name(deliverable),
        Upload(sent.file_name, sent.stream),
        call=idempotent_call(request),
    )
    return replying(reply)


@blueprint.post(_PLACE, parameters=[IDEMPOTENCY_KEY])
@blueprint.body(ChangeDeliverableRequest, example={"state": "delivered"})
@blueprint.replies(DeliverableChangedResponse)
def change(state: str, reference: str, deliverable: str) -> Any:
    """Say how far a deliverable is, named by its id or its key; delivered, its buyer gets a message."""
    reply = change_deliverable(
        g.tenant_id,
        checked_reference(reference),
        checked_name(deliverable),
        DeliverableState(state),
        call=idempotent_call(request),
    )
    return replying(reply)
