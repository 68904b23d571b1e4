"""Uploading what was made for one buyer: once per call, and never with a transaction open."""

from dataclasses import asdict, dataclass
from uuid import UUID

from lumira.database import atomic, retried
from lumira.models import DeliverableState, File, Order
from lumira.repositories import audit, deliverables, files, idempotency, orders
from lumira.repositories.deliverables import Promised
from lumira.repositories.idempotency import Call, Claim, StoredReply
from lumira.services.files.store_file import StoredFile, Upload, stored_file
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """A file as it is kept, and how far its deliverable is; the size in bytes."""

    id: str
    file_name: str
    content_type: str
    size: int
    sha256: str
    deliverable_id: str
    state: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the first phase hands on."""

    claim: Claim
    order_id: UUID


def upload_deliverable(
    tenant_id: int, reference: str, deliverable: str, upload: Upload, *, call: Call
) -> Reply[FileUploaded]:
    """Add a file to a deliverable, named by its id or its key.

    A file of the same name is replaced, the same file again changes nothing. What is to do is in progress
    from then on. `OrderNotFound`, `NotFound`; `Conflict` if nothing is made for the order now; `InvalidFile`,
    `FileTooLarge`, `StorageUnavailable`; `IdempotencyInProgress`, `IdempotencyMismatch`.
    """
    begun = _begin(tenant_id, reference, deliverable, call)
    if isinstance(begun, Reply):
        return begun
    with releasing_on_error(tenant_id, begun.claim), stored_file(tenant_id, upload) as stored:
        return Reply(_place(tenant_id, begun, deliverable, stored, actor=call.actor))


@retried
def _begin(tenant_id: int, reference: str, deliverable: str, call: Call) -> Reply[FileUploaded] | _Begun:
    """First phase: asked before anything is stored, so that a mistake costs nothing."""
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(FileUploaded(**claim.reply.body), replayed=True)
        order = orders.get_order(tenant_id, reference)
        # By its order the reply is found, exported and erased, also that of a process that died meanwhile.
        idempotency.renew(tenant_id, claim, order_id=order.id)
        deliverables.check_workable(order, deliverables.find_promised(order, deliverable))
        return _Begun(claim, order.id)


@retried
def _place(
    tenant_id: int, begun: _Begun, deliverable: str, stored: StoredFile, *, actor: str
) -> FileUploaded:
    """Last phase: the order may be another by now, because an upload takes its time."""
    with atomic(tenant_id):
        idempotency.renew(tenant_id, begun.claim, order_id=begun.order_id)
        order = orders.lock_order(tenant_id, begun.order_id)
        wanted = deliverables.find_promised(order, deliverable)
        deliverables.check_workable(order, wanted)
        row = deliverables.find_or_begin(order, wanted)
        file, is_new = files.place(
            tenant_id,
            stored.id,
            file_name=stored.name,
            size=stored.size,
            sha256=stored.sha256,
            deliverable_id=row.id,
        )
        if row.state is DeliverableState.TO_DO:
            row.state = DeliverableState.IN_PROGRESS
        if is_new:
            _audit(order, wanted, file, actor=actor)
        uploaded = _told(file, stored, deliverable_id=row.id, state=row.state)
        idempotency.finish(tenant_id, begun.claim, StoredReply(200, asdict(uploaded)))
        return uploaded


def _told(file: File, stored: StoredFile, *, deliverable_id: UUID, state: DeliverableState) -> FileUploaded:
    return FileUploaded(
        id=str(file.id),
        file_name=file.file_name,
        content_type=file.content_type,
        size=stored.size,
        sha256=stored.sha256,
        deliverable_id=str(deliverable_id),
        state=str(state),
    )


def _audit(order: Order, wanted: Promised, file: File, *, actor: str) -> None:
    # Not the name of the file: the expert may have called it by the buyer's.
    audit.record(
        order.tenant_id,
        actor=actor,
        action="deliverable_uploaded",
        subject=f"order:{order.id}",
        deliverable=wanted.key,
        type=file.content_type,
        sha256=file.sha256,
    )
