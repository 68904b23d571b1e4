"""Flask's extensions: the API with its document, migrations, and rate limits."""

import hashlib
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, current_app, g, request
from flask_limiter import ApplicationLimit, Limiter, RouteLimit
from flask_migrate import Migrate  # type: ignore[import-untyped]
from flask_smorest import Api as SmorestApi  # type: ignore[import-untyped]

from config.settings import ROOT, Settings
from lumira import tenancy
from lumira.database import db
from lumira.models import KeyKind
from lumira.schemas.errors import ErrorEnvelope

#: Seconds. A dead Redis must cost a sale less than the patience of whoever buys.
_REDIS_TIMEOUT = 0.5
#: Enough for a household that has mislaid every link; what leaves for one buyer is limited besides.
_RENEWALS = "20 per hour"
#: What an internet provider gives one household of IPv6: its addresses count as one.
_IPV6_HOUSEHOLD = 64

migrate = Migrate()


class Api(SmorestApi):  # type: ignore[misc]
    """flask-smorest with our envelope for every refusal."""

    ERROR_SCHEMA = ErrorEnvelope

    def _register_error_handlers(self) -> None:
        """Nothing: `blueprints.envelope` answers for the whole application."""


@dataclass(frozen=True, slots=True)
class HttpExtensions:
    """What one application needs of the extensions while it is put together and while it serves."""

    api: Api
    limiter: Limiter
    #: How often payments may be opened in the name of one e-mail address.
    email_limit: RouteLimit
    #: How often one household may ask for a new link to a buyer's page.
    renewal_limit: RouteLimit


def init_app(app: Flask, settings: Settings) -> None:
    """Attach the extensions; each application has its own, so that two in one process count apart."""
    tenancy.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    # The contract's version, not the code's: it changes when callers have to.
    api = Api(spec_kwargs={"title": "Lumira", "version": "1", "openapi_version": "3.1.0"})
    api.init_app(app)
    limiter = _limiter(settings)
    limiter.init_app(app)
    email_limit = limiter.shared_limit(
        settings.rate_limits.per_email,
        scope="email",
        key_func=lambda: str(g.customer_digest),
        deduct_when=_has_opened,
        # A shop's own system speaks for its buyers, and nobody else can show its key.
        exempt_when=_is_known_backend,
    )
    renewal_limit = limiter.shared_limit(_RENEWALS, scope="renewal", key_func=_network)
    app.extensions["lumira.http"] = HttpExtensions(api, limiter, email_limit, renewal_limit)


def of(app: Flask | None = None) -> HttpExtensions:
    """The extensions of `app`, or of the application that serves the running request."""
    extensions: HttpExtensions = (app or current_app).extensions["lumira.http"]
    return extensions


def _limiter(settings: Settings) -> Limiter:
    limits = settings.rate_limits
    timeouts = {"socket_connect_timeout": _REDIS_TIMEOUT, "socket_timeout": _REDIS_TIMEOUT}
    return Limiter(
        key_func=_network,
        application_limits=[
            ApplicationLimit(
                limit_provider=limits.per_key,
                key_function=_holder,
                scope="key",
                exempt_when=lambda: tenancy.shown_key_digest() is None,
            ),
            ApplicationLimit(
                limit_provider=limits.per_address,
                key_function=_network,
                scope="address",
                exempt_when=_is_known_backend,
            ),
        ],
        storage_uri=settings.redis_url or "memory://",
        storage_options=timeouts if settings.redis_url else None,  # type: ignore[arg-type]
        in_memory_fallback_enabled=True,
        key_prefix="lumira",
        enabled=limits.enabled,
    )


def _holder() -> str:
    """Who shows the key: of a secret one a single caller, of one that stands in a page each household by itself.

    Otherwise anybody could use a shop's public key up for all of its buyers.
    """
    key = tenancy.shown_key_digest() or ""
    return key if tenancy.shows_secret_key() else f"{key}:{_network()}"


def _has_opened(reply: Response) -> bool:
    """Whether a payment was opened: a repeated call, or one that was refused, is none in anybody's name."""
    return reply.status_code == HTTPStatus.OK and "Idempotency-Replayed" not in reply.headers


def _network() -> str:
    """Where the request comes from, as far as one household goes; hashed, because it is personal."""
    address = request.remote_addr or ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # A Unix socket has no address: all who come through it count as one.
        return digest(address)
    if parsed.version == 6:  # noqa: PLR2004 - the protocol's name
        return digest(str(ipaddress.ip_network((parsed, _IPV6_HOUSEHOLD), strict=False)))
    return digest(str(parsed))


def _is_known_backend() -> bool:
    """Whether a shop's own system calls: it speaks for all its buyers from one address.

    Known means seen a moment ago: a wrong key, or the first call with a right one, counts for its address.
    """
    caller = tenancy.recall()
    return caller is not None and caller.rights is KeyKind.SECRET


def digest(personal: str) -> str:
    """What is counted by instead of an address or a name."""
    return hashlib.sha256(personal.encode("utf-8", "surrogateescape")).hexdigest()[:32]
