"""Diagnose whether the public address leads to this installation: a signed delivery is sent to it."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from uuid import UUID

from lumira import stripe_slots
from lumira.clients import self_delivery, stripe_signature
from lumira.clients.self_delivery import Failure, NoReply, Reply
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import webhook_probe
from lumira.domain.stripe import setup as stripe_setup
from lumira.errors.stripe import StripeConfigError
from lumira.repositories.events import webhook_probes
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.findings import Finding, fault, ok

_ADDRESS = "public address"
_FAILURES = {
    Failure.TLS: "public_tls",
    Failure.TIMEOUT: "public_timeout",
    Failure.UNREACHABLE: "public_unreachable",
}


def diagnose_public_address(tenant_id: int, *, public_url: str | None) -> Iterator[Finding]:
    """Deliver a probe to the tenant's endpoint under `public_url`, and yield whether it arrived here.

    The probe is stored as no event, and removed. Yields nothing without an address or a signing secret that can be
    decrypted: other lines name that.
    """
    slug, secret = _load(tenant_id)
    if public_url is None or secret is None:
        return
    with atomic(tenant_id):
        probe_id = webhook_probes.add(tenant_id)
    url = stripe_setup.endpoint_url(public_url, slug)
    reply: Reply | NoReply
    try:
        with stripe_slots.paused():
            reply = _deliver(url, probe_id, secret)
    except NoReply as error:
        reply = error
    finally:
        with atomic(tenant_id):
            has_arrived = webhook_probes.remove(tenant_id, probe_id)
    if isinstance(reply, NoReply):
        code = _FAILURES[reply.failure]
        yield fault(_ADDRESS, code, tenant=slug, url=url, detail=f"The error is: {reply}.")
    else:
        yield _describe(reply, slug, url, has_arrived=has_arrived)


def _load(tenant_id: int) -> tuple[str, str | None]:
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
        try:
            secrets = stripe_accounts.list_webhook_secrets(tenant_id)
        except StripeConfigError:
            secrets = []
    return slug, secrets[0] if secrets else None


def _deliver(url: str, probe_id: UUID, secret: str) -> Reply:
    now = utc_now()
    body = json.dumps(webhook_probe.body_of(probe_id, now)).encode()
    return self_delivery.deliver(url, body, stripe_signature.sign(body, secret, now))


def _describe(reply: Reply, slug: str, url: str, *, has_arrived: bool) -> Finding:
    if reply.status == HTTPStatus.OK:
        if has_arrived:
            return ok(_ADDRESS, "public_works", tenant=slug, url=url)
        return fault(_ADDRESS, "public_other", tenant=slug, url=url)
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return fault(_ADDRESS, "public_redirects", tenant=slug, url=url)
    if webhook_probe.SIGNATURE_WRONG in reply.text:
        return fault(_ADDRESS, "public_signature", tenant=slug, url=url)
    return fault(_ADDRESS, "public_status", tenant=slug, url=url, status=reply.status)
