"""Flask extensions: the API with its OpenAPI document, and rate limits."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from flask import Flask, current_app, request
from flask_limiter import ApplicationLimit, Limiter, RouteLimit
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]
from limits import RateLimitItem, parse_many

from config.settings import Settings
from lumira import tenancy
from lumira.models import KeyKind
from lumira.models.customer import mailbox_key
from lumira.networks import network_of
from lumira.quotas import Quota
from lumira.rate_storage import ProcessStorage
from lumira.schemas.errors import ErrorEnvelope

#: Seconds. An unreachable Redis must not delay a checkout noticeably.
_REDIS_TIMEOUT = 0.5
#: Requests for a new portal link from one network. E-mails to one buyer are limited separately.
_LINK_REQUESTS = "20 per hour"
#: Images of products that one network loads. A list of products has as many as products, and many buyers have one
#: address: their images must not use up the limit of their payments.
_IMAGES = "3000 per minute"
_IMAGE_ENDPOINT = "checkout.send_image"
#: Promotion codes that do not count, entered by one network: a code of six random characters would take centuries to
#: find, and a buyer who mistypes one has enough attempts.
_WRONG_CODES = "20 per hour"
#: Looks at payments, which ask Stripe, of one network.
_PAYMENT_LOOKS = "120 per minute"
#: Attempts to sign in to the dashboard that fail, of one browser or one network: counted also without rate limits.
_SIGN_IN_ATTEMPTS = "10 per 15 minutes"
#: Notifications of CRMs that one network sends: many more than a team changes. What is refused is found by the poll.
_NOTIFICATIONS = "600 per minute"
#: Requests for a withdrawal from one network, whatever the order.
_WITHDRAWAL_REQUESTS = "20 per hour"

#: What all requests are counted under: their key, and the network that sends them.
_KEY, _ADDRESS = "key", "address"
_COUNTS_PREFIX = "lumira"
#: The key in the environment of a request that `count_request` has counted.
COUNTED = "lumira.counted"

_IN_PROCESS = f"{ProcessStorage.STORAGE_SCHEME[0]}://"

#: The key among an application's extensions with the names of the API's blueprints.
_API = "lumira.api_blueprints"
#: The key among an application's extensions that says that the warning about proxies was logged.
_WARNED = "lumira.proxy_warning"

log = structlog.get_logger()


class Api(SmorestApi):  # type: ignore[misc]
    """flask-smorest with Lumira's error envelope."""

    ERROR_SCHEMA = ErrorEnvelope

    def _register_error_handlers(self) -> None:
        """Register nothing: `blueprints.http.error_handlers` handles all errors of the application."""


@dataclass(frozen=True, slots=True)
class HttpExtensions:
    """The extensions of one application."""

    api: Api
    limiter: Limiter
    #: The limits of all requests, each with what it is counted under, in the order in which the limiter counts them.
    request_limits: tuple[tuple[RateLimitItem, str], ...]
    #: How often one network may open payments for one mailbox.
    email_quota: Quota
    #: For how many mailboxes one network may open payments.
    mailboxes_quota: Quota
    #: How often one network may request new portal links.
    renewal_limit: RouteLimit
    #: How many images one network may load.
    image_limit: RouteLimit
    #: How often one network may look at payments on the checkout pages.
    looks_quota: Quota
    #: How often one network may enter promotion codes that do not count.
    wrong_codes_quota: Quota
    #: How often one browser or network may fail to sign in to the dashboard.
    sign_in_quota: Quota
    #: How often one network may request withdrawals by order number.
    withdrawal_limit: RouteLimit
    #: How many notifications of CRMs one network may send, whatever their secret.
    notifications_quota: Quota


def init_app(app: Flask, settings: Settings) -> None:
    """Attach the extensions. Each application has its own, so two applications in one process count separately."""
    tenancy.init_app(app)
    # The version of the API, not of the code: it changes when callers have to change.
    api = Api(spec_kwargs={"title": "Lumira", "version": "1", "openapi_version": "3.1.0"})
    api.init_app(app)
    limiter = _limiter(settings)
    limiter.init_app(app)
    email_quota = Quota(limiter, "email", settings.rate_limits.per_email)
    mailboxes_quota = Quota(limiter, "emails", settings.rate_limits.per_address_emails, is_distinct=True)
    renewal_limit = limiter.shared_limit(_LINK_REQUESTS, scope="renewal", key_func=callers_network)
    sign_in_quota = Quota(limiter, "sign-in", _SIGN_IN_ATTEMPTS)
    withdrawal_limit = limiter.shared_limit(
        _WITHDRAWAL_REQUESTS, scope="withdrawal", key_func=callers_network
    )
    app.extensions["lumira.http"] = HttpExtensions(
        api,
        limiter,
        _request_limits(settings),
        email_quota,
        mailboxes_quota,
        renewal_limit,
        limiter.shared_limit(_IMAGES, scope="images", key_func=callers_network),
        Quota(limiter, "looks", _PAYMENT_LOOKS),
        Quota(limiter, "wrong-codes", _WRONG_CODES),
        sign_in_quota,
        withdrawal_limit,
        Quota(limiter, "crm-notifications", _NOTIFICATIONS),
    )


def of(app: Flask | None = None) -> HttpExtensions:
    """The extensions of `app`, or of the application that serves the running request."""
    extensions: HttpExtensions = (app or current_app).extensions["lumira.http"]
    return extensions


def _limiter(settings: Settings) -> Limiter:
    limits = settings.rate_limits
    timeouts = {"socket_connect_timeout": _REDIS_TIMEOUT, "socket_timeout": _REDIS_TIMEOUT}
    limiter = Limiter(
        key_func=callers_network,
        application_limits=[
            ApplicationLimit(
                limit_provider=limits.per_key,
                key_function=_key_holder,
                scope=_KEY,
                exempt_when=lambda: tenancy.sent_key_digest() is None,
            ),
            ApplicationLimit(
                limit_provider=limits.per_address,
                key_function=callers_network,
                scope=_ADDRESS,
                exempt_when=lambda: _is_known_backend() or request.endpoint == _IMAGE_ENDPOINT,
            ),
        ],
        storage_uri=settings.redis_url or _IN_PROCESS,
        storage_options=timeouts if settings.redis_url else None,  # type: ignore[arg-type]
        in_memory_fallback_enabled=True,
        key_prefix=_COUNTS_PREFIX,
        enabled=limits.enabled,
    )
    limiter.request_filter(lambda: COUNTED in request.environ)
    return limiter


def _request_limits(settings: Settings) -> tuple[tuple[RateLimitItem, str], ...]:
    limits = settings.rate_limits
    named = [
        (limit, scope)
        for rates, scope in ((limits.per_key, _KEY), (limits.per_address, _ADDRESS))
        for limit in parse_many(rates)
    ]
    return tuple(sorted(named, key=lambda limit: limit[0]))


def count_known_caller() -> None:
    """Count a request to the API at once if its caller is cached: the limiter takes several times as long.

    The limiter counts all other requests, and those of routes with a limit of their own.
    """
    if request.blueprint not in current_app.extensions[_API] or COUNTED in request.environ:
        return
    caller = tenancy.find_cached_caller()
    if caller is not None:
        _warn_of_untrusted_proxy()
        if count_request(caller, tenancy.sent_key_digest(), request.remote_addr or ""):
            request.environ[COUNTED] = True


def count_at_once(app: Flask, blueprints: Collection[str]) -> None:
    """Count requests to these blueprints, whose routes have no limit of their own, before the limiter does."""
    app.extensions[_API] = frozenset(blueprints)
    # After the request id and preflight requests, and before the limiter.
    app.before_request_funcs.setdefault(None, []).insert(2, count_known_caller)


def count_request(caller: tenancy.Caller, key_digest: str | None, address: str) -> bool:
    """Count the request of a cached caller where the limiter counts it; `False` if the limiter has to decide itself.

    The limiter decides if a limit is exceeded, and if Redis does not respond: it counts in the process then. It does
    not count a request that is marked with `COUNTED`.
    """
    http = of()
    if not http.limiter.enabled:
        return True
    if http.limiter.limiter.storage is not http.limiter.storage:
        return False
    network = digest(network_of(address))
    is_backend = caller.rights is KeyKind.SECRET
    holders = {
        _KEY: key_digest and _holder_of(key_digest, network, is_secret=is_backend),
        _ADDRESS: None if is_backend else network,
    }
    try:
        return all(
            http.limiter.limiter.hit(limit, _COUNTS_PREFIX, holder, scope)
            for limit, scope in http.request_limits
            if (holder := holders[scope]) is not None
        )
    except http.limiter.storage.base_exceptions:
        return False


def _key_holder() -> str:
    return _holder_of(
        tenancy.sent_key_digest() or "", callers_network(), is_secret=tenancy.has_sent_secret_key()
    )


def _holder_of(key_digest: str, network: str, *, is_secret: bool) -> str:
    """The key for a secret key; the key together with the network for a publishable one.

    A publishable key is public: counted alone, one caller could exhaust its limit for all buyers.
    """
    return key_digest if is_secret else f"{key_digest}:{network}"


def callers_network() -> str:
    """The hash of the network that sent the request. Addresses are personal data."""
    _warn_of_untrusted_proxy()
    return digest(network_of(request.remote_addr or ""))


def callers_former_networks() -> tuple[str, ...]:
    """The hashes of the same network by former keys."""
    return former_digests(network_of(request.remote_addr or ""))


def untrusted_forwarding() -> str | None:
    """The hash of the callers that a proxy forwards although none is trusted; `None` if nothing is forwarded."""
    settings: Settings = current_app.extensions["lumira"]
    forwarded = request.headers.get("X-Forwarded-For")
    return None if forwarded is None or settings.trusted_proxies else digest(forwarded)


def _warn_of_untrusted_proxy() -> None:
    """Log, once for each application, that a proxy seems to stand in front and is not trusted.

    All buyers would count as one caller with the proxy's address, and the limits of one would refuse them.
    """
    if _WARNED not in current_app.extensions and untrusted_forwarding() is not None:
        current_app.extensions[_WARNED] = True
        log.warning("proxy_not_trusted")


def _is_known_backend() -> bool:
    """Whether the caller is a tenant's backend: it calls for all its buyers from one address.

    Only a cached key counts: an invalid key, and the first call with a valid one, count for their address.
    """
    caller = tenancy.find_cached_caller()
    return caller is not None and caller.rights is KeyKind.SECRET


def mailbox_digest(tenant_id: int, email: str) -> str:
    """The hash under which a mailbox of a tenant's buyers is counted."""
    return digest(f"{tenant_id}\n{mailbox_key(email)}")


def digest(personal: str) -> str:
    """The hash under which an address or an e-mail address is counted.

    It depends on `SECRET_KEY`: without the key, all addresses could be tried.
    """
    return _digest(personal, current_app.config["SECRET_KEY"])


def former_digests(personal: str) -> tuple[str, ...]:
    """The hashes that may be stored from the time of a former `SECRET_KEY`."""
    return tuple(_digest(personal, key) for key in current_app.config["SECRET_KEY_FALLBACKS"])


def _digest(personal: str, key: str) -> str:
    return hmac.digest(key.encode(), personal.encode("utf-8", "surrogateescape"), "sha256").hex()[:32]
