"""The queue of deliverables: an expert claims work, uploads its files, looks at them, and delivers."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.streaming import Streamed, stream
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position, sent
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.pages.dashboard.deliverable_page import QueueView, WorkView
from lumira.pages.dashboard.rendering import explain
from lumira.repositories.fulfilment.deliverable_queue import Queue
from lumira.repositories.fulfilment.deliverables import DeliverableState
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.claim_deliverable import claim_deliverable, return_deliverable
from lumira.services.files.open_work_file import open_work_file
from lumira.services.files.store_file import Upload, max_upload_bytes
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.files.view_queue import view_queue, view_work

_WORK = "/deliverables/<uuid:deliverable_id>"


@dashboard.page("/deliverables", may=Role.VIEWER, experts=True)
def show() -> Response:
    """What is to be made, the longest waiting first; the operator's own work; or what was delivered."""
    queue = Queue(sent("queue")) if sent("queue") in tuple(Queue) else Queue.WAITING
    found = view_queue(visit.shop().tenant_id, queue, actor=visit.operator().actor, after=position())
    path = f"{visit.shop().path}/deliverables"
    return page(
        "deliverables.html.jinja",
        shown=QueueView(found, language()),
        queue=queue,
        queues=tuple(Queue),
        path=path,
        pager=pager(path, {"queue": "" if queue is Queue.WAITING else queue}, found.next),
    )


@dashboard.page(_WORK, may=Role.VIEWER, experts=True)
def show_work(deliverable_id: UUID) -> Response:
    """One deliverable: for whom it is made, its files, and what can be done."""
    work = view_work(visit.shop().tenant_id, deliverable_id)
    return page(
        "deliverable.html.jinja",
        shown=WorkView(work, language()),
        work=work,
        own_actor=visit.operator().actor,
        max_bytes=max_upload_bytes(),
        path=_path(deliverable_id),
    )


@dashboard.page(f"{_WORK}/files/<uuid:file_id>", may=Role.VIEWER, experts=True)
def show_file(deliverable_id: UUID, file_id: UUID) -> Response:
    """A file of a deliverable; read through Lumira, so that the page can show it wherever it is stored."""
    opened = open_work_file(visit.shop().tenant_id, deliverable_id, file_id)
    return stream(
        Streamed(
            size=opened.size,
            sha256=opened.sha256,
            content_type=opened.file.content_type,
            disposition=opened.disposition,
            read=opened.read,
        )
    )


@dashboard.page(f"{_WORK}/claim", may=Role.EXPERT, methods=["POST"])
def claim(deliverable_id: UUID) -> Response:
    """Work on a deliverable; with `takes_over` also if another operator does."""

    def act(tenant_id: int, actor: str) -> str:
        takes_over = request.form.get("takes_over") == "yes"
        claim_deliverable(tenant_id, deliverable_id, actor=actor, takes_over=takes_over)
        return "claimed"

    return _act(deliverable_id, act)


@dashboard.page(f"{_WORK}/return", may=Role.EXPERT, methods=["POST"])
def give_back(deliverable_id: UUID) -> Response:
    """Return a deliverable to the queue."""

    def act(tenant_id: int, actor: str) -> str:
        return_deliverable(tenant_id, deliverable_id, actor=actor)
        return "returned"

    return _act(deliverable_id, act)


@dashboard.page(f"{_WORK}/files", may=Role.EXPERT, methods=["POST"], upload=True)
def upload(deliverable_id: UUID) -> Response:
    """Add a file; one of the same name is replaced."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return failed("deliverables.no_file", to=_path(deliverable_id))
    new_file = Upload(file.filename, file.stream)

    def act(tenant_id: int, actor: str) -> str:
        order_id = view_work(tenant_id, deliverable_id).order.id
        call = Call(fingerprint="", actor=actor)
        upload_deliverable(tenant_id, str(order_id), str(deliverable_id), new_file, call=call)
        return "uploaded"

    return _act(deliverable_id, act)


@dashboard.page(f"{_WORK}/deliver", may=Role.EXPERT, methods=["POST"])
def deliver(deliverable_id: UUID) -> Response:
    """Deliver the files, and notify the buyer; this cannot be undone."""

    def act(tenant_id: int, actor: str) -> str:
        order_id = view_work(tenant_id, deliverable_id).order.id
        call = Call(fingerprint="", actor=actor)
        change_deliverable(
            tenant_id, str(order_id), str(deliverable_id), DeliverableState.DELIVERED, call=call
        )
        return "delivered"

    return _act(deliverable_id, act)


def _act(deliverable_id: UUID, act: Callable[[int, str], str]) -> Response:
    """Act on a deliverable, and lead back to it with a message: also if a use case refuses it."""
    try:
        message = act(visit.shop().tenant_id, visit.operator().actor)
    except LumiraError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise
        return failed("deliverables.refused", to=_path(deliverable_id), why=explain(error, language()))
    return done(f"deliverables.{message}", to=_path(deliverable_id))


def _path(deliverable_id: UUID) -> str:
    return f"{visit.shop().path}/deliverables/{deliverable_id}"
