"""The setup of each tenant: catalog, Stripe credentials, webhook endpoint and API keys."""

import logging
from dataclasses import dataclass
from pathlib import Path

import requests

from config.settings import Settings
from lumira import create_app
from lumira.cli.catalog import read_catalog
from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic, db
from lumira.domain.promotion_terms import PromotionTerms
from lumira.models import KeyKind
from lumira.repositories.tenants import api_keys, stripe_accounts, tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.promotions.change_promotions import add_promotion
from tests.chaos.installation import Installation
from tests.chaos.plan import (
    GOODS,
    LEVELS,
    NOT_RESTOCKED,
    POSTAGE,
    PRICES,
    PROMOTION_CODE,
    RELEASES_ON_FAILURE,
    REVOKED_ON_PARTIAL_REFUND,
    SELLERS,
    SENDS_TO_ADDRESSES,
    TENANTS,
    Plan,
)

_TIMEOUT = 20


@dataclass(frozen=True, slots=True)
class Brand:
    """A tenant with its API keys in plain text and its account in the sandbox."""

    id: int
    slug: str
    publishable_key: str
    secret_key: str
    account: str

    @property
    def stripe_secret_key(self) -> str:
        return f"sk_test_{self.account}"

    @property
    def stripe_publishable_key(self) -> str:
        return f"pk_test_{self.account}"


def open_brands(installation: Installation, plan: Plan) -> dict[str, Brand]:
    """Set up every tenant of the plan and return them by slug."""
    app = create_app(Settings.from_environment(installation.environment()))
    # The log lines of every step would hide warnings.
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        brands = {slug: _open(installation, plan, number, slug) for number, slug in enumerate(TENANTS)}
        for engine in db.engines.values():
            engine.dispose()
    return brands


def _open(installation: Installation, plan: Plan, number: int, slug: str) -> Brand:
    catalog = installation.directory / f"{slug}.toml"
    _write_catalog(catalog, plan, number, slug)
    apply_catalog(read_catalog(catalog), actor="chaos")
    account = slug.replace("-", "_")
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    assert tenant_id is not None
    add_promotion(tenant_id, PromotionTerms(PROMOTION_CODE, "eur", percent=10), actor="chaos")
    secret = _webhook_secret(installation, slug, account)
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        stripe_accounts.set_keys(
            tenant, secret_key=f"sk_test_{account}", publishable_key=f"pk_test_{account}"
        )
        stripe_accounts.replace_webhook_secrets(tenant_id, secret)
        publishable_key = api_keys.create(tenant_id, KeyKind.PUBLISHABLE)
        secret_key = api_keys.create(tenant_id, KeyKind.SECRET)
    return Brand(tenant_id, slug, publishable_key, secret_key, account)


def _write_catalog(path: Path, plan: Plan, number: int, slug: str) -> None:
    lines = [
        "[tenant]",
        f'slug = "{slug}"',
        f'name = "{slug}"',
        'currency = "eur"',
        'alert_email = "team@shop.example"',
        f'order_prefix = "CH{number + 1}"',
        f'release_on_failure = "{"at_once" if slug == RELEASES_ON_FAILURE else "at_deadline"}"',
    ]
    if slug in SELLERS:
        lines += [
            "[tenant.seller]",
            f'legal_name = "{slug}"',
            'address = ["1 rue du Test", "France"]',
            'vat_note = "TVA non applicable, art. 293 B du CGI"',
        ]
    if slug == SENDS_TO_ADDRESSES:
        lines += ["[[shipping_zones]]", 'name = "France"', 'countries = ["FR"]', f"amount = {POSTAGE}"]
    for product, price in PRICES.items():
        lines += [
            "[[products]]",
            f'id = "{product}"',
            f'kind = "{_kind(product)}"',
            f'name = "{product}"',
            f"amount = {price}",
        ]
        if product in LEVELS:
            lines.append(f"level = {LEVELS[product]}")
        if product == REVOKED_ON_PARTIAL_REFUND:
            lines.append('on_partial_refund = "revoke"')
        if product in GOODS:
            lines.append(f"stock = {plan.stock[slug, product]}")
        if product == NOT_RESTOCKED:
            lines.append("restock_on_refund = false")
    path.write_text("\n".join(lines))


def _kind(product: str) -> str:
    if product in LEVELS:
        return "level"
    return "physical" if product in GOODS else "digital"


def _webhook_secret(installation: Installation, slug: str, account: str) -> str:
    """Create the account's endpoint for all event types and return its secret; Lumira ignores most types."""
    response = requests.post(
        f"{installation.sandbox_url}/v1/webhook_endpoints",
        data={
            "url": f"{installation.url}/api/webhooks/stripe/{slug}",
            "enabled_events[]": "*",
            "api_version": API_VERSION,
        },
        headers={"Authorization": f"Bearer sk_test_{account}"},
        timeout=_TIMEOUT,
    )
    response.raise_for_status()
    secret: str = response.json()["secret"]
    return secret
