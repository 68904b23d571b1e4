"""Upload a file to a deliverable: once per idempotent call, and outside any transaction."""

from dataclasses import asdict, dataclass
from uuid import UUID

from lumira.database import atomic, retried
from lumira.models import DeliverableState, File, Order
from lumira.repositories.audit import audit
from lumira.repositories.fulfilment import deliverables, files
from lumira.repositories.fulfilment.deliverables import LinePromise
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import Claim, StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.services.files.store_file import StoredFile, Upload, stored_file
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """A stored file and the state of its deliverable; `size` in bytes."""

    id: str
    file_name: str
    content_type: str
    size: int
    sha256: str
    deliverable_id: str
    state: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """The result of the first phase."""

    claim: Claim
    order_id: UUID


def upload_deliverable(
    tenant_id: int, reference: str, deliverable: str, upload: Upload, *, call: Call
) -> Reply[FileUploaded]:
    """Add a file to a deliverable, given by its id or key; a file of the same name is replaced.

    The state changes from `to_do` to `in_progress`. Uploading the same file again changes nothing. Raises
    `OrderNotFound` and `NotFound`; `Conflict` if no work is due; `InvalidFile`, `FileTooLarge` and
    `StorageUnavailable`; `IdempotencyInProgress` and `IdempotencyMismatch`.
    """
    begun = _begin(tenant_id, reference, deliverable, call)
    if isinstance(begun, Reply):
        return begun
    with releasing_on_error(tenant_id, begun.claim), stored_file(tenant_id, upload) as stored:
        return Reply(_place(tenant_id, begun, deliverable, stored, actor=call.actor))


@retried
def _begin(tenant_id: int, reference: str, deliverable: str, call: Call) -> Reply[FileUploaded] | _Begun:
    """First phase: check the order before anything is stored."""
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(FileUploaded(**claim.reply.body), replayed=True)
        order = orders.get_order(tenant_id, reference)
        # The order's id lets export and erasure find the reply, also if this process dies before the last phase.
        idempotency.renew(tenant_id, claim, order_id=order.id)
        deliverables.require_workable(order, deliverables.get_promise(order, deliverable))
        return _Begun(claim, order.id)


@retried
def _place(
    tenant_id: int, begun: _Begun, deliverable: str, stored: StoredFile, *, actor: str
) -> FileUploaded:
    """Last phase: place the file, after checking the order again: it may have changed during the upload."""
    with atomic(tenant_id):
        idempotency.renew(tenant_id, begun.claim, order_id=begun.order_id)
        order = orders.lock_order(tenant_id, begun.order_id)
        promise = deliverables.get_promise(order, deliverable)
        deliverables.require_workable(order, promise)
        row = deliverables.get_or_create(order, promise)
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
            _audit(order, promise, file, actor=actor)
        uploaded = _uploaded(file, stored, deliverable_id=row.id, state=row.state)
        idempotency.finish(tenant_id, begun.claim, StoredReply(200, asdict(uploaded)))
        return uploaded


def _uploaded(
    file: File, stored: StoredFile, *, deliverable_id: UUID, state: DeliverableState
) -> FileUploaded:
    return FileUploaded(
        id=str(file.id),
        file_name=file.file_name,
        content_type=file.content_type,
        size=stored.size,
        sha256=stored.sha256,
        deliverable_id=str(deliverable_id),
        state=str(state),
    )


def _audit(order: Order, promise: LinePromise, file: File, *, actor: str) -> None:
    # Without the file's name: it may contain the buyer's.
    audit.record(
        order.tenant_id,
        actor=actor,
        action="deliverable_uploaded",
        subject=f"order:{order.id}",
        deliverable=promise.key,
        type=file.content_type,
        sha256=file.sha256,
    )
