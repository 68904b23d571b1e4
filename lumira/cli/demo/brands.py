"""The brands' setup, which an operator does once: catalogs, Stripe credentials, webhook endpoints, keys."""

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
from lumira.cli.demo.sample_images import sample_image
from lumira.cli.tenants import tenant_id_of
from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic
from lumira.domain.promotion_terms import PromotionTerms
from lumira.models import KeyKind
from lumira.repositories.audit import audit
from lumira.repositories.catalog import products
from lumira.repositories.tenants import api_keys, stripe_accounts, tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.change_image import upload_image
from lumira.services.promotions.change_promotions import add_promotion
from lumira.services.promotions.view_promotions import view_promotions
from lumira.services.tenants.manage_keys import lookup_of

CATALOGS = ROOT / "config" / "catalogs"

_ACTOR = "demo"
#: Of each brand: ten percent, once for each customer.
PROMOTION_CODE = "BIENVENUE10"
_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Brand:
    """A tenant that is ready to sell, with its keys, which the demo stores from one start to the next."""

    slug: str
    #: The tenant's domain.
    domain: str
    publishable_key: str
    secret_key: str
    stripe_publishable_key: str
    stripe_secret_key: str
    webhook_endpoint: str
    webhook_secret: str

    def page_url(self, port: int) -> str:
        """The base URL on the tenant's domain, where the API accepts the `Host` as a publishable key."""
        return f"http://{self.domain}:{port}"


def set_up_brands(installation: Installation, http: requests.Session) -> dict[str, Brand]:
    """Return the brand of every catalog by slug, ready to sell; valid keys of an earlier start are reused.

    Needs the application's context and the running sandbox.
    """
    state_file = installation.directory / "demo.json"
    stored = json.loads(state_file.read_text()) if state_file.exists() else {}
    brands = {}
    for catalog in sorted(CATALOGS.glob("*.toml")):
        slug = apply_catalog(read_catalog(catalog), actor=_ACTOR, overwrite=True).slug
        _illustrate(slug)
        _add_promotion(slug)
        brands[slug] = _set_up(installation, http, slug, stored.get(slug, {}))
    write_private(state_file, json.dumps({slug: asdict(brand) for slug, brand in brands.items()}, indent=2))
    shell_variables = _shell_variables(installation, brands[BRAND], brands[CART_BRAND])
    write_private(installation.directory / "demo.env", shell_variables)
    return brands


def _illustrate(slug: str) -> None:
    """Give each product an image that has none, and a group one for all of its variants, as `flask images upload`."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        color = tenants.get(tenant_id).brand_color
        on_sale = products.list_products(tenant_id)
    illustrated = {product.group_id or product.id for product in on_sale if product.image_path}
    for product in on_sale:
        if (product.group_id or product.id) not in illustrated:
            illustrated.add(product.group_id or product.id)
            upload_image(tenant_id, product.id, sample_image(product.id, color), actor=_ACTOR)


def _add_promotion(slug: str) -> None:
    """Give the brand a promotion code if it has none, as `flask promotions create` does."""
    tenant_id = tenant_id_of(slug)
    if not view_promotions(tenant_id):
        with atomic(tenant_id):
            currency = tenants.get(tenant_id).currency
        terms = PromotionTerms(PROMOTION_CODE, currency, percent=10, max_uses_per_customer=1)
        add_promotion(tenant_id, terms, actor=_ACTOR)


def _set_up(installation: Installation, http: requests.Session, slug: str, stored: dict[str, str]) -> Brand:
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    if tenant_id is None:
        raise DemoFailed(f"The catalog of {slug} was applied, but the tenant does not exist.")
    # At the sandbox, any name is an account; its secret and publishable keys differ only in their prefix.
    account = f"demo_{slug.replace('-', '_')}"
    endpoint, secret = _ensure_endpoint(installation, http, f"sk_test_{account}", slug, stored)
    publishable = _ensure_key(tenant_id, KeyKind.PUBLISHABLE, stored.get("publishable_key"))
    secret_key = _ensure_key(tenant_id, KeyKind.SECRET, stored.get("secret_key"))
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


def _ensure_key(tenant_id: int, kind: KeyKind, stored: str | None) -> str:
    """Return the stored key if it is still valid for this tenant, else a new one."""
    if stored is not None:
        with atomic(None):
            address = api_keys.find_address(stored)
        if address is not None and address.tenant_id == tenant_id:
            with atomic(tenant_id):
                if api_keys.find_kind(address, stored) is kind:
                    return stored
    with atomic(tenant_id):
        created = api_keys.create(tenant_id, kind)
        audit.record(
            tenant_id,
            actor=_ACTOR,
            action="api_key_created",
            subject=f"api_key:{lookup_of(created)}",
            kind=str(kind),
        )
    return created


def _ensure_endpoint(
    installation: Installation, http: requests.Session, stripe_key: str, slug: str, stored: dict[str, str]
) -> tuple[str, str]:
    """Return id and secret of the account's only webhook endpoint, which points to this tenant's webhook URL."""
    collection = f"{installation.sandbox_url}/v1/webhook_endpoints"
    parameters = {
        "url": f"{installation.url}/api/webhooks/stripe/{slug}",
        "enabled_events[]": "*",
    }
    for endpoint in _call_sandbox(http, "GET", collection, stripe_key)["data"]:
        address = f"{collection}/{endpoint['id']}"
        if endpoint["id"] == stored.get("webhook_endpoint"):
            # The port may differ from that of the last start.
            _call_sandbox(http, "POST", address, stripe_key, parameters)
            return endpoint["id"], stored["webhook_secret"]
        # Stripe shows an endpoint's secret only once, so deliveries of this one could not be verified.
        _call_sandbox(http, "DELETE", address, stripe_key)
    created = _call_sandbox(http, "POST", collection, stripe_key, parameters | {"api_version": API_VERSION})
    return created["id"], created["secret"]


def _call_sandbox(
    http: requests.Session, method: str, url: str, key: str, form: dict[str, str] | None = None
) -> dict[str, Any]:
    reply = http.request(method, url, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT)
    if not reply.ok:
        raise DemoFailed(f"The sandbox responded to {method} {url} with {reply.status_code}: {reply.text}")
    body: dict[str, Any] = reply.json()
    return body


def _shell_variables(installation: Installation, brand: Brand, cart_brand: Brand) -> str:
    """Return URLs and keys as shell variables, to be loaded with `. instance/demo.env`."""
    variables = {
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
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
