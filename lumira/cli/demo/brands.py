"""What an operator sets up once: catalogs, Stripe credentials, webhook endpoints, keys."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from config.settings import ROOT
from lumira.cli.catalog import read_catalog
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import BRAND, CART_BRAND, Installation
from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic
from lumira.models import KeyKind
from lumira.repositories import api_keys, audit, stripe_accounts, tenants
from lumira.services.catalog.apply_catalog import apply_catalog

CATALOGS = ROOT / "config" / "catalogs"

_ACTOR = "demo"
_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class Brand:
    """A tenant that is ready to sell, with what the demo remembers of it from one start to the next."""

    slug: str
    #: The name under which its pages are.
    domain: str
    publishable_key: str
    secret_key: str
    stripe_publishable_key: str
    stripe_secret_key: str
    webhook_endpoint: str
    webhook_secret: str

    def page_url(self, port: int) -> str:
        """Where its pages would be: what answers there is the API, which takes the name for a publishable key."""
        return f"http://{self.domain}:{port}"


def open_brands(installation: Installation, http: requests.Session) -> dict[str, Brand]:
    """Every catalog's brand, ready to sell; what an earlier start has set up and still works stays.

    Needs the application's context, and the sandbox running.
    """
    memory = installation.directory / "demo.json"
    known = json.loads(memory.read_text()) if memory.exists() else {}
    brands = {}
    for catalog in sorted(CATALOGS.glob("*.toml")):
        slug = apply_catalog(read_catalog(catalog), actor=_ACTOR).slug
        brands[slug] = _open(installation, http, slug, known.get(slug, {}))
    _keep(memory, json.dumps({slug: asdict(brand) for slug, brand in brands.items()}, indent=2))
    _keep(installation.directory / "demo.env", _as_shell(installation, brands[BRAND], brands[CART_BRAND]))
    return brands


def _open(installation: Installation, http: requests.Session, slug: str, known: dict[str, str]) -> Brand:
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    if tenant_id is None:
        raise DemoFailed(f"The catalog of {slug} was applied, and there is no such tenant.")
    # Any name makes an account of its own at the sandbox; the publishable twin of a key has the same rest.
    account = f"demo_{slug.replace('-', '_')}"
    endpoint, secret = _endpoint(installation, http, f"sk_test_{account}", slug, known)
    publishable = _key(tenant_id, KeyKind.PUBLISHABLE, known.get("publishable_key"))
    secret_key = _key(tenant_id, KeyKind.SECRET, known.get("secret_key"))
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        stripe_accounts.set_keys(
            tenant, secret_key=f"sk_test_{account}", publishable_key=f"pk_test_{account}"
        )
        stripe_accounts.replace_webhook_secrets(tenant_id, secret)
        audit.record(tenant_id, actor=_ACTOR, action="stripe_credentials_set", subject="tenant")
        [domain, *_] = tenants.list_domains(tenant_id)
    return Brand(
        slug=slug,
        domain=domain,
        publishable_key=publishable,
        secret_key=secret_key,
        stripe_publishable_key=f"pk_test_{account}",
        stripe_secret_key=f"sk_test_{account}",
        webhook_endpoint=endpoint,
        webhook_secret=secret,
    )


def _key(tenant_id: int, kind: KeyKind, known: str | None) -> str:
    """The known key if it still opens this tenant, else a new one."""
    if known is not None:
        with atomic(None):
            address = api_keys.find_address(known)
        if address is not None and address.tenant_id == tenant_id:
            with atomic(tenant_id):
                if api_keys.find_kind(address, known) is kind:
                    return known
    with atomic(tenant_id):
        created = api_keys.create(tenant_id, kind)
        audit.record(tenant_id, actor=_ACTOR, action="key_created", subject="key", kind=str(kind))
    return created


def _endpoint(
    installation: Installation, http: requests.Session, stripe_key: str, slug: str, known: dict[str, str]
) -> tuple[str, str]:
    """Id and secret of the account's one endpoint, which leads to this tenant's webhook address."""
    collection = f"{installation.sandbox_url}/v1/webhook_endpoints"
    wanted = {
        "url": f"{installation.url}/api/webhooks/stripe/{slug}",
        "enabled_events[]": "*",
    }
    listed = _ask(http, "GET", collection, stripe_key)["data"]
    for endpoint in listed:
        address = f"{collection}/{endpoint['id']}"
        if endpoint["id"] == known.get("webhook_endpoint"):
            # Started with another port, it is the same endpoint at another address.
            _ask(http, "POST", address, stripe_key, wanted)
            return endpoint["id"], known["webhook_secret"]
        # Its secret was shown once and is lost: its deliveries could only be refused.
        _ask(http, "DELETE", address, stripe_key)
    created = _ask(http, "POST", collection, stripe_key, wanted | {"api_version": API_VERSION})
    return created["id"], created["secret"]


def _ask(
    http: requests.Session, method: str, url: str, key: str, form: dict[str, str] | None = None
) -> dict[str, Any]:
    reply = http.request(method, url, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT)
    if not reply.ok:
        raise DemoFailed(f"The sandbox answered {method} {url} with {reply.status_code}: {reply.text}")
    answer: dict[str, Any] = reply.json()
    return answer


def _as_shell(installation: Installation, brand: Brand, cart_brand: Brand) -> str:
    """The same for a shell: `. instance/demo.env`, and curl has what it needs."""
    named = {
        "LUMIRA": installation.url,
        "SANDBOX": installation.sandbox_url,
        "STRIPE_API_BASE": installation.sandbox_url,
        "PUBLIC_URL": installation.url,
        "PUBLISHABLE_KEY": brand.publishable_key,
        "SECRET_KEY": brand.secret_key,
        "STRIPE_PUBLISHABLE_KEY": brand.stripe_publishable_key,
        "BOUTIQUE": cart_brand.page_url(installation.port),
        "BOUTIQUE_PUBLISHABLE_KEY": cart_brand.publishable_key,
        "BOUTIQUE_SECRET_KEY": cart_brand.secret_key,
        "BOUTIQUE_STRIPE_SECRET_KEY": cart_brand.stripe_secret_key,
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in named.items())


def _keep(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
