"""Links in sent e-mails and webhooks lead to a shop that was moved, through nginx of the first installation."""

import json
import ssl
from contextlib import closing
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest
from flask import Flask

from lumira.link_tokens import LinkAddress, sign
from lumira.models.columns import uuid7
from tests.benchmarks.processes import free_address
from tests.support import stripe_events
from tests.support.factories import Brand
from tests.support.http_receiver import receiving
from tests.support.nginx import HOST, Proxy, nginx

pytestmark = pytest.mark.usefixtures("app_context")


def _send(proxy: Proxy, method: str, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
    context = ssl.create_default_context(cafile=str(proxy.directory / "certificate.pem"))
    context.check_hostname = False
    with closing(HTTPSConnection("127.0.0.1", proxy.port, context=context, timeout=60)) as connection:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": HOST, **names})
        reply = connection.getresponse()
        reply.read()
        return reply


def test_links_and_webhooks_of_a_moved_shop_lead_to_it_and_those_of_others_stay(
    app: Flask, tenant: Brand, other_tenant: Brand, tmp_path: Path
) -> None:
    mine, theirs = (sign(LinkAddress(brand.id, uuid7())) for brand in (tenant, other_tenant))
    moved = [
        f"/my/{mine}",
        f"/my/{mine}/files/1?page=2",
        f"/checkout/{tenant.slug}?code=WELCOME10",
        f"/checkout/{tenant.slug}/images/mystique/1.webp",
        f"/withdrawal/{tenant.slug}/abc.def",
        f"/retractation/{tenant.slug}",
        f"/dashboard/{tenant.slug}/orders",
    ]
    stay = [f"/my/{theirs}", f"/checkout/{tenant.slug}-2", f"/dashboard/{other_tenant.slug}", "/api/products"]
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    signature = stripe_events.signature(body, tenant.webhook_secret)
    with receiving() as other:
        url = f"http://{other.address}"
        result = app.test_cli_runner().invoke(args=["tenants", "redirects", tenant.slug, "--to", url])
        assert result.exit_code == 0, result.output
        with nginx(tmp_path, free_address(), added=result.output) as proxy:
            replies = [_send(proxy, "GET", path) for path in moved]
            assert [reply.status for reply in replies] == [307] * len(moved)
            assert [reply.headers["Location"] for reply in replies] == [f"{url}{path}" for path in moved]
            # A buyer's form, such as that of a withdrawal, is sent once more as it is.
            assert _send(proxy, "POST", f"/withdrawal/{tenant.slug}", b"order=1").status == 307
            # No web server of the first installation runs.
            assert {_send(proxy, "GET", path).status for path in stay} == {503}
            webhooks = [f"/api/webhooks/stripe/{tenant.slug}", f"/api/stripe/webhook/{tenant.slug}"]
            crm = f"/api/crm/dolibarr/{tenant.slug}/s3cret"
            for path in (*webhooks, crm):
                assert _send(proxy, "POST", path, body, Stripe_Signature=signature).status == 200
            elsewhere = f"/api/webhooks/stripe/{other_tenant.slug}"
            assert _send(proxy, "POST", elsewhere, body, Stripe_Signature=signature).status == 503
            logs = proxy.logs
    assert other.requests == [(path, body) for path in (*webhooks, crm)]
    assert json.loads(body)["id"].encode() in other.raw
    assert f"Stripe-Signature: {signature}".encode() in other.raw
    assert mine not in logs
    assert "s3cret" not in logs
