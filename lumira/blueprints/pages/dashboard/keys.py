"""The API keys of a shop: a new one is shown once, and a revoked one is refused within seconds."""

import uuid

from flask import Response, g

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.forms import KeyForm, entered
from lumira.blueprints.pages.dashboard.replies import done, failed, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import KeyKind, Role
from lumira.errors import KeyCreatedBefore
from lumira.repositories.idempotent_calls import Call, KeySource, fingerprint
from lumira.services.tenants.manage_keys import create_key_once, list_keys, revoke_key


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
        created=created,
        form_key=str(uuid.uuid4()),
        path=_path(),
    )


def _path() -> str:
    return f"{visit.shop().path}/keys"
