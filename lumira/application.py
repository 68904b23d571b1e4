"""The application factory: connects all parts of Lumira."""

from flask import Flask

from config.settings import Settings
from lumira import (
    __version__,
    cli,
    database,
    encryption,
    error_listeners,
    link_tokens,
    logging,
    notifications,
    operator_tokens,
    stripe_slots,
    tracing,
)
from lumira.clients import dolibarr, public_addresses, sentry, storage, stripe_client
from lumira.reconciliation import transfers
from lumira.services.chains import heads as chain_heads
from lumira.services.installation import watch_installation
from lumira.services.program_errors import alert as error_alerts
from lumira.services.program_errors import note_errors
from lumira.services.retention import remove_expired as retention
from lumira.settlement import public_bounds


def build(settings: Settings, *, serves_http: bool = True) -> Flask:
    """The application: its parts configured from `settings`, nothing connected yet.

    Workers and commands serve no HTTP, and do not import the routes and what only they need.
    """
    app = Flask("lumira", instance_path=str(settings.instance_path), static_folder=None)
    app.config["SECRET_KEY"] = settings.secret_key
    fallbacks = settings.secret_key_fallbacks
    app.config["SECRET_KEY_FALLBACKS"] = list(fallbacks)
    app.config["DATABASE_OWNER_URL"] = settings.database_owner_url
    app.extensions["lumira"] = settings
    logging.configure(settings)
    encryption.configure(settings.encryption_keys)
    link_tokens.configure(settings.secret_key, fallbacks=fallbacks, public_url=settings.public_url)
    operator_tokens.configure(settings.secret_key, fallbacks=fallbacks, public_url=settings.public_url)
    stripe_client.configure(settings.stripe_api_base)
    stripe_slots.configure(settings.stripe_concurrency)
    storage.configure(
        settings.instance_path / "files", _bucket(settings), max_bytes=settings.max_upload_bytes
    )
    public_addresses.configure(is_development=settings.is_development)
    dolibarr.configure(settings.dolibarr_private_hosts)
    watch_installation.configure(settings)
    database.configure(app, settings)
    notifications.configure(settings)
    transfers.configure(settings.bank_transfer_days)
    retention.configure(settings.retention)
    chain_heads.configure(settings.secret_key, fallbacks=fallbacks)
    public_bounds.configure(_public_bounds(settings))
    _report_errors(settings)
    if serves_http:
        from lumira import blueprints, extensions  # noqa: PLC0415
        from lumira.notifications.worker_watch import WorkerWatch  # noqa: PLC0415

        extensions.init_app(app, settings)
        blueprints.register(app, settings)
        app.extensions["lumira.worker_watch"] = WorkerWatch(app.app_context)
    cli.register(app)
    return app


def _report_errors(settings: Settings) -> None:
    error_alerts.configure(settings.default_tenant)
    note_errors.configure(__version__)
    error_listeners.listen(note_errors.note)
    tracing.configure(settings.otlp_endpoint, release=__version__)
    sentry.configure(settings.sentry_dsn, release=__version__, environment=settings.environment)


def _public_bounds(settings: Settings) -> public_bounds.PublicBounds | None:
    limits = settings.rate_limits
    if not limits.enabled:
        return None
    return public_bounds.PublicBounds(
        reservations=limits.reservations_per_address,
        reservations_per_email=limits.reservations_per_email,
        reservation_share=limits.reservation_share,
        free_orders=limits.free_orders,
    )


def _bucket(settings: Settings) -> storage.Bucket | None:
    given = settings.s3
    if given.bucket is None:
        return None
    return storage.Bucket(
        given.bucket,
        given.endpoint_url,
        given.region,
        given.access_key_id,
        given.secret_access_key,
        given.addressing_style,
    )
