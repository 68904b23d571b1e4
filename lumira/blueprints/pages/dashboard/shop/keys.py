"""The API keys of a shop: a new one is shown once, and a revoked or expired one is refused within seconds."""

import uuid
from datetime import timedelta

from flask import Response, g

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.forms import KeyForm, Overlap, RotateKeyForm, entered
from lumira.blueprints.pages.dashboard.replies import done, failed, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.clock import utc_now
from lumira.domain.operators import KeyKind, Role
from lumira.errors.tenants import KeyCreatedBefore, KeyReplacedBefore
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource, fingerprint
from lumira.services.tenants.manage_keys import create_key_once, list_keys, revoke_key, rotate_key


@dashboard.page("/keys", may=Role.OWNER)
def show() -> Response:
    """The keys, without their secret parts."""
    return _keys_page(None)


@dashboard.page("/keys", may=Role.OWNER, methods=["POST"], recent=True)
def create() -> Response:
    """Create a key and show it, once."""
    form = KeyForm()
    if not form.validate_on_submit():
        return redirect_to(_path())
    kind = KeyKind(entered(form.kind))
    call = Call(
        fingerprint=fingerprint("POST", "/dashboard/keys", [str(kind)]),
        actor=visit.operator().actor,
        source=KeySource.IDEMPOTENCY_KEY,
        key=f"dashboard-api-key-{entered(form.form_key)}",
        request_id=g.request_id,
    )
    try:
        return _keys_page(create_key_once(visit.shop().tenant_id, kind, call=call))
    except KeyCreatedBefore as error:
        # The page with the key was reloaded, or the form was sent twice.
        return failed("keys.created_before", to=_path(), digits=str(error.details["digits"]))


@dashboard.page("/keys/<lookup>/rotate", may=Role.OWNER, methods=["POST"], recent=True)
def rotate(lookup: str) -> Response:
    """Replace a key by a new one and show that, once; the old one works for a while."""
    form = RotateKeyForm()
    if not form.validate_on_submit():
        return redirect_to(_path())
    overlap = timedelta(hours=int(entered(form.overlap)))
    try:
        created = rotate_key(
            visit.shop().tenant_id, checked_name(lookup), overlap=overlap, actor=visit.operator().actor
        )
    except KeyReplacedBefore as error:
        return failed("keys.replaced_before", to=_path(), digits=str(error.details["digits"]))
    return _keys_page(created)


@dashboard.page("/keys/<lookup>/rotate", may=Role.OWNER)
def return_from_rotation(lookup: str) -> Response:  # noqa: ARG001 - of the form's address
    """Lead back: the address of the form has no page."""
    return redirect_to(_path())


@dashboard.page("/keys/<lookup>/revoke", may=Role.OWNER, methods=["POST"], recent=True)
def revoke(lookup: str) -> Response:
    """Revoke a key."""
    revoke_key(visit.shop().tenant_id, checked_name(lookup), actor=visit.operator().actor)
    return done("keys.revoked", to=_path())


def _keys_page(created: str | None) -> Response:
    return page(
        "keys.html.jinja",
        keys=list_keys(visit.shop().tenant_id),
        kinds=tuple(KeyKind),
        overlaps=tuple(Overlap),
        now=utc_now(),
        created=created,
        form_key=str(uuid.uuid4()),
        path=_path(),
    )


def _path() -> str:
    return f"{visit.shop().path}/keys"
