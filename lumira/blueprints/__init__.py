"""HTTP: every group of routes is registered here, with its authentication."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config.settings import Settings
from lumira import extensions, tenancy
from lumira.blueprints import (
    access,
    crm,
    deliverables,
    docs,
    health,
    metrics,
    orders,
    payments,
    payouts,
    product_groups,
    products,
    refunds,
    security_contact,
    shipments,
    stripe,
    webhooks,
)
from lumira.blueprints.http import (
    catalog_replies,
    correlation,
    cors,
    error_handlers,
    openapi,
    response_headers,
)
from lumira.blueprints.http.catalog_fast_path import CatalogFastPath
from lumira.blueprints.http.delivery_door import DeliveryDoor
from lumira.blueprints.http.request_place import request_place
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.blueprints.http.traced_requests import TracedRequests
from lumira.blueprints.http.webhook_fast_path import WebhookFastPath
from lumira.blueprints.pages import checkout, home, portal, portal_withdrawal, withdrawal
from lumira.blueprints.pages.dashboard import dashboard
from lumira.blueprints.pages.dashboard import guard as dashboard_guard
from lumira.services.program_errors import note_errors

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def register(app: Flask, settings: Settings) -> None:
    """Register the routes and what surrounds every request."""
    app.wsgi_app = WebhookFastPath(app)  # type: ignore[method-assign]
    app.wsgi_app = CatalogFastPath(app, settings)  # type: ignore[method-assign]
    if settings.otlp_endpoint is not None:
        app.wsgi_app = TracedRequests(app)  # type: ignore[method-assign]
    else:
        # One transaction for several deliveries has no span of one of them.
        app.extensions["lumira.delivery_door"] = DeliveryDoor(app, partial(_behind_proxies, settings))
    app.wsgi_app = _behind_proxies(settings, app.wsgi_app)  # type: ignore[method-assign,assignment]
    # A path with two slashes gets a 404: Werkzeug's redirect would reply with an HTML page.
    app.url_map.merge_slashes = False
    app.url_map.converters["product"] = products.ProductIdConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]
    correlation.init_app(app)
    response_headers.init_app(app)
    cors.init_app(app, settings)
    catalog_replies.init_app(app)
    error_handlers.init_app(app)
    note_errors.find_places_by(request_place)
    health.init_app(app, settings)
    metrics.init_app(app, settings)
    _register_routes(app)


def _behind_proxies(settings: Settings, application: "WSGIApplication") -> "WSGIApplication":
    """Return the application with the address, the scheme and the host that trusted proxies name."""
    hops = settings.trusted_proxies
    return ProxyFix(application, x_for=hops, x_proto=hops, x_host=hops) if hops else application


def _register_routes(app: Flask) -> None:
    api = extensions.of(app).api
    openapi.describe(api)
    security: dict[str, list[dict[str, list[str]]]] = {}

    def register(
        blueprint: ApiBlueprint, *, guard: Callable[[], None] | None, documented: list[dict[str, list[str]]]
    ) -> None:
        if guard is not None:
            # On the application and not on the blueprint: several applications in one process share the blueprint.
            app.before_request_funcs.setdefault(blueprint.name, []).append(guard)
        api.register_blueprint(blueprint)
        security[blueprint.name] = documented

    # A publishable key, or a request to the tenant's domain: what a web page may do.
    register(stripe.blueprint, guard=tenancy.require_publishable_key, documented=openapi.PUBLISHABLE)
    register(products.blueprint, guard=tenancy.require_publishable_key, documented=openapi.PUBLISHABLE)
    register(product_groups.blueprint, guard=tenancy.require_publishable_key, documented=openapi.PUBLISHABLE)
    register(payments.blueprint, guard=tenancy.require_publishable_key, documented=openapi.PUBLISHABLE)

    # A secret key: personal data, and everything else of the tenant.
    register(orders.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)
    register(deliverables.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)
    register(shipments.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)
    register(refunds.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)
    register(payouts.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)
    register(access.blueprint, guard=tenancy.require_secret_key, documented=openapi.SECRET)

    # Stripe's signature, which the inbox verifies; the guard only finds the tenant.
    register(webhooks.blueprint, guard=tenancy.find_webhook_tenant, documented=openapi.SIGNED)

    # The secret in the path, which the route compares.
    register(crm.blueprint, guard=None, documented=openapi.IN_PATH)

    # No authentication: probes return only whether the service is ready, and the API document is public.
    register(health.blueprint, guard=None, documented=openapi.OPEN)
    app.register_blueprint(docs.blueprint)
    # Its own token, which a monitoring system sends.
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(security_contact.blueprint)
    # The buyer's portal, which is not part of the API; its links authenticate the buyer.
    app.register_blueprint(portal.blueprint)
    app.register_blueprint(portal_withdrawal.blueprint)
    # Withdrawals without an account: whoever receives the order's e-mail confirms.
    app.register_blueprint(withdrawal.blueprint)
    # The shops' checkout pages: whoever has the link may buy.
    app.register_blueprint(checkout.blueprint)
    app.register_blueprint(home.blueprint)
    # The operators' dashboard: each of its routes declares who may open it.
    dashboard_guard.init_app(app)
    app.register_blueprint(dashboard)
    app.extensions["lumira.openapi"] = {"security": security}
    with_key = (openapi.PUBLISHABLE, openapi.SECRET)
    extensions.count_at_once(app, [name for name, documented in security.items() if documented in with_key])

    # Deliveries from Stripe and probes are never rate limited; notifications of a CRM have a limit of their own.
    _exempt_from_rate_limits(
        app, webhooks.blueprint, crm.blueprint, health.blueprint, docs.blueprint, metrics.blueprint
    )


def _exempt_from_rate_limits(app: Flask, *exempt: Blueprint) -> None:
    limiter = extensions.of(app).limiter
    for blueprint in exempt:
        limiter.exempt(blueprint)
