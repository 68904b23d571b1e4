"""Errors about tenants: their domains, keys and settings."""

from lumira.errors import Conflict, InvalidRequest, NotFound


class DomainTaken(InvalidRequest):
    """A domain belongs to another tenant; nothing was changed."""


class ReservedDomain(InvalidRequest):
    """A domain is the installation's own, which all tenants share, or above or below it; nothing was changed."""


class RelatedDomain(InvalidRequest):
    """A domain is above or below one of another tenant, as `www.` is; nothing was changed."""


class NoPublicDomain(InvalidRequest):
    """A domain is an IP address, or a name that no public DNS has; nothing was changed."""


class OwnHostUnknown(InvalidRequest):
    """Without PUBLIC_URL it is unknown which domain is the installation's own; nothing was changed."""


class ConnectHasNoEndpoint(InvalidRequest):
    """The tenant is a Connect account: the platform's endpoint receives its events; nothing was changed."""


class AddressUnknown(InvalidRequest):
    """Stripe has no address to deliver events to: PUBLIC_URL is not set and the tenant has no domain."""


class TenantNotFound(NotFound):
    pass


class KeyCreatedBefore(Conflict):
    """A call that creates an API key was repeated; `digits` identify the key, which was shown once."""


class KeyReplacedBefore(Conflict):
    """The API key was replaced already; `digits` identify the key that replaces it."""


class TenantNameTaken(Conflict):
    """Another tenant has the slug or the order prefix of the new tenant."""


class MailRefused(Conflict):
    """An operator's test e-mail was not accepted by the mail server; `why` is its reply."""

    code = "MAIL_REFUSED"


class LastWebhookSecret(Conflict):
    """Without a webhook secret every delivery of Stripe's would be refused."""


class NoPublicUrl(Conflict):
    """`PUBLIC_URL` is not set, so no link to this installation can be built."""

    code = "NO_PUBLIC_URL"
