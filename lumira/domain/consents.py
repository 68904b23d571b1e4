"""What a buyer consents to with an order: the tenant's terms, and the immediate delivery of digital content.

A consumer may withdraw from a sale at a distance within fourteen days. For digital content that is delivered at once
the right ends with the delivery, if the buyer asked for it and acknowledged that (code de la consommation, L221-28).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lumira.domain.commands import Consents
from lumira.models import Product, Tenant

#: The version of the sentences on Lumira's checkout page; it changes with every change of their meaning.
WORDING = "2026-11"


@dataclass(frozen=True, slots=True)
class RequiredConsents:
    """What the buyer has to consent to."""

    #: The version of the terms, and the page that shows them; `None` if the tenant names none.
    terms_version: str | None
    terms_url: str | None
    #: Whether digital content is delivered at once, which ends the right of withdrawal.
    immediate_delivery: bool


def required_consents(tenant: Tenant, items: Sequence[tuple[Product, int]]) -> RequiredConsents:
    """Return what a sale of these products needs; a tenant without `terms_version` requires nothing."""
    has_terms = tenant.terms_version is not None
    delivers_at_once = any(product.grants_access and not product.is_free for product, _ in items)
    return RequiredConsents(tenant.terms_version, tenant.terms_url, has_terms and delivers_at_once)


def missing_consents(required: RequiredConsents, given: Consents | None) -> dict[str, str]:
    """Return a sentence for each consent that is missing, by the name of its field on the wire."""
    missing = {}
    if required.terms_version is not None and (given is None or given.terms != required.terms_version):
        missing["consents.terms"] = f"Must be {required.terms_version}, the version of the shop's terms."
    if required.immediate_delivery and not (given is not None and given.immediate_delivery):
        missing["consents.immediateDelivery"] = "Must be true: the content is delivered at once."
    return missing


def freeze_consents(
    tenant: Tenant, given: Consents | None, *, on_checkout_page: bool, now: datetime
) -> dict[str, Any] | None:
    """Return what is stored on the order: what was consented to, when, and which text the buyer saw."""
    if given is None:
        return None
    return {
        "terms": given.terms,
        "terms_url": tenant.terms_url if given.terms == tenant.terms_version else None,
        "immediate_delivery": given.immediate_delivery,
        # A front end shows sentences of its own.
        "wording": WORDING if on_checkout_page else None,
        "at": now.isoformat(),
    }
