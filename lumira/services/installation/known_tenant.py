"""What a diagnosis has read about a tenant."""

from dataclasses import dataclass

from lumira.domain.stripe.setup import WantedEndpoint
from lumira.models import Tenant
from lumira.repositories.tenants.stripe_accounts import StripeAccount


@dataclass(frozen=True, slots=True)
class KnownTenant:
    """A tenant with its Stripe account, and the endpoint and hosts that should be registered there."""

    tenant: Tenant
    account: StripeAccount
    endpoint: WantedEndpoint | None
    hosts: list[str]

    @property
    def slug(self) -> str:
        return self.tenant.slug
