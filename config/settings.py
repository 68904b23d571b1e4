"""The settings of an installation, read once from the environment."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet

from config import (
    crm,
    database_url,
    development,
    observation,
    rate_limits,
    retention,
    sender,
    storage,
    web_server,
)
from config.errors import SettingsError, refuse_invisible_characters, whole_number
from config.rate_limits import RateLimits
from config.retention import Retention
from config.smtp_server import SmtpServer
from config.storage import S3

__all__ = [
    "REQUIRED_IN_PRODUCTION",
    "ROOT",
    "S3",
    "RateLimits",
    "Settings",
    "SettingsError",
    "StripeBootstrap",
]

ROOT = Path(__file__).resolve().parent.parent
#: Required in production: a default would lose data or weaken security.
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "SECRET_KEY", "LUMIRA_ENCRYPTION_KEYS")

#: 32 hexadecimal digits are 128 random bits. A repeated word or character is as short as itself.
_SECRET_KEY_LENGTH = 32
_METRICS_TOKEN_LENGTH = 16
_PAGE = re.compile(r"https://[!-~]+")
_MAILBOX = re.compile(r"[!-9;-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SECRET_KEY_CHARACTERS = 8

#: A link opens a buyer's portal, so plain HTTP is accepted on this machine only.
_ORIGIN = re.compile(r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?/?")


@dataclass(frozen=True, slots=True)
class StripeBootstrap:
    """Stripe credentials of the default tenant, from the environment."""

    secret_key: str | None = field(default=None, repr=False)
    publishable_key: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)

    @property
    def is_set(self) -> bool:
        return bool(self.secret_key or self.publishable_key or self.webhook_secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the environment. The `repr` shows no secret."""

    environment: Literal["production", "development"]
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    #: Former values of `secret_key`: what they signed is still accepted.
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    #: Past the pooler that `database_url` leads to, for `LISTEN`; `None`: there is no pooler.
    database_direct_url: str | None = field(default=None, repr=False)
    instance_path: Path = ROOT / "instance"
    default_tenant: str | None = None
    stripe_api_base: str | None = None
    stripe: StripeBootstrap = StripeBootstrap()
    redis_url: str | None = field(default=None, repr=False)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    #: The origin that buyers use, without a trailing slash; `None`: e-mails contain no link.
    public_url: str | None = None
    #: The server that sends e-mails; `None`: they are written to files (SMTP_URL=files).
    smtp: SmtpServer | None = None
    s3: S3 = field(default_factory=S3)
    #: The maximum size of an uploaded file.
    max_upload_bytes: int = storage.DEFAULT_MAX_UPLOAD_BYTES
    mail_from: str = sender.DEFAULT_SENDER
    trusted_proxies: int = 0
    #: How many days an order waits for a bank transfer.
    bank_transfer_days: int = 7
    #: How long payloads, events, unpaid orders and resolved alerts are kept.
    retention: Retention = field(default_factory=Retention)
    database_pool_size: int = 16
    #: What a monitoring system sends to read `/metrics`; `None`: there are no metrics.
    metrics_token: str | None = field(default=None, repr=False)
    #: Whom to tell of a weakness, as a URI; `None`: there is no security.txt.
    security_contact: str | None = None
    #: The project at Sentry that errors are sent to; `None`: they are stored here only.
    sentry_dsn: str | None = field(default=None, repr=False)
    #: The collector that traces are sent to; `None`: none are recorded.
    otlp_endpoint: str | None = None
    #: How many threads of a web process wait for Stripe at once.
    stripe_concurrency: int = web_server.stripe_concurrency({})
    #: The hosts of a Dolibarr that may have private addresses and plain HTTP.
    dolibarr_private_hosts: frozenset[str] = frozenset()

    @property
    def is_database_pooled(self) -> bool:
        return self.database_direct_url is not None

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def for_help(cls) -> "Settings":
        """Return settings with secrets that nothing was encrypted or signed with; no database is named."""
        return cls(
            environment="production",
            database_url="postgresql+psycopg:///",
            database_owner_url="postgresql+psycopg:///",
            secret_key=secrets.token_urlsafe(48),
            encryption_keys=(Fernet.generate_key().decode(),),
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of this process; raise `SettingsError` if one is missing or invalid."""
        values = {
            name: value for name, value in (os.environ if environ is None else environ).items() if value
        }
        refuse_invisible_characters(values)
        environment = _environment(values)
        instance_path = Path(values.get("LUMIRA_INSTANCE", str(ROOT / "instance"))).absolute()
        if environment == "production":
            _require(values)
        else:
            values = {**development.secrets_of_checkout(instance_path), **values}
        url = values.get("DATABASE_URL") or development.embedded_database(instance_path)
        direct_url = _direct_url(values)
        return cls(
            environment=environment,
            database_url=database_url.parse("DATABASE_URL", url),
            database_owner_url=database_url.parse(
                # Migrations lock the database for a session, so they bypass a pooler.
                "DATABASE_OWNER_URL",
                values.get("DATABASE_OWNER_URL", direct_url or url),
            ),
            database_direct_url=direct_url,
            secret_key=_secret_key("SECRET_KEY", values["SECRET_KEY"]),
            secret_key_fallbacks=tuple(
                _secret_key("SECRET_KEY_FALLBACKS", key)
                for key in _comma_separated(values.get("SECRET_KEY_FALLBACKS", ""))
            ),
            encryption_keys=_encryption_keys(values["LUMIRA_ENCRYPTION_KEYS"]),
            instance_path=instance_path,
            default_tenant=values.get("LUMIRA_DEFAULT_TENANT"),
            stripe_api_base=values.get("STRIPE_API_BASE"),
            stripe=_stripe_bootstrap(values),
            redis_url=rate_limits.redis_url(values),
            rate_limits=rate_limits.from_environment(values),
            public_url=_public_url(values),
            s3=storage.from_environment(values),
            max_upload_bytes=storage.max_upload_bytes(values),
            smtp=sender.smtp_server(values, is_required=environment == "production"),
            mail_from=sender.mail_from(values),
            trusted_proxies=whole_number(values, "TRUSTED_PROXIES", default=0),
            bank_transfer_days=whole_number(values, "BANK_TRANSFER_DAYS", default=7),
            retention=retention.from_environment(values),
            database_pool_size=whole_number(values, "DATABASE_POOL_SIZE", default=16),
            stripe_concurrency=web_server.stripe_concurrency(values),
            dolibarr_private_hosts=crm.private_hosts(values),
            metrics_token=_metrics_token(values),
            security_contact=_security_contact(values),
            sentry_dsn=observation.sentry_dsn(values),
            otlp_endpoint=observation.otlp_endpoint(values),
        )


def _stripe_bootstrap(values: Mapping[str, str]) -> StripeBootstrap:
    return StripeBootstrap(
        values.get("STRIPE_SECRET_KEY"),
        values.get("STRIPE_PUBLISHABLE_KEY"),
        values.get("STRIPE_WEBHOOK_SECRET"),
    )


def _metrics_token(values: Mapping[str, str]) -> str | None:
    token = values.get("METRICS_TOKEN")
    if token is not None and (len(token) < _METRICS_TOKEN_LENGTH or not token.isascii()):
        raise SettingsError(f"METRICS_TOKEN must be at least {_METRICS_TOKEN_LENGTH} ASCII characters.")
    return token


def _security_contact(values: Mapping[str, str]) -> str | None:
    contact = values.get("SECURITY_CONTACT")
    if contact is None or _PAGE.fullmatch(contact):
        return contact
    address = contact.removeprefix("mailto:")
    if not _MAILBOX.fullmatch(address):
        raise SettingsError(
            "SECURITY_CONTACT must be an e-mail address, or a page that begins with https://."
        )
    return f"mailto:{address}"


def _environment(values: Mapping[str, str]) -> Literal["production", "development"]:
    match values.get("LUMIRA_ENV", "production"):
        case "production":
            return "production"
        case "development":
            return "development"
        case other:
            raise SettingsError(f"LUMIRA_ENV must be production or development, not {other!r}.")


def _direct_url(values: Mapping[str, str]) -> str | None:
    url = values.get("DATABASE_DIRECT_URL")
    return None if url is None else database_url.parse("DATABASE_DIRECT_URL", url)


def _require(values: Mapping[str, str]) -> None:
    missing = [name for name in REQUIRED_IN_PRODUCTION if name not in values]
    if missing:
        raise SettingsError(
            f"Missing in production: {', '.join(missing)} (LUMIRA_ENV=development does not need them)."
        )


def _secret_key(name: str, text: str) -> str:
    if len(text) < _SECRET_KEY_LENGTH or len(set(text)) < _SECRET_KEY_CHARACTERS:
        raise SettingsError(
            f"{name} must be at least {_SECRET_KEY_LENGTH} random characters, because it signs the links to "
            "buyers' portals: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'."
        )
    return text


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _encryption_keys(text: str) -> tuple[str, ...]:
    keys = _comma_separated(text)
    for key in keys:
        try:
            Fernet(key)
        except ValueError as error:
            raise SettingsError(
                "LUMIRA_ENCRYPTION_KEYS must be Fernet keys (32 url-safe base64 bytes each), comma-separated."
            ) from error
    if not keys:
        raise SettingsError("LUMIRA_ENCRYPTION_KEYS contains no key.")
    return keys


def _public_url(values: Mapping[str, str]) -> str | None:
    url = values.get("PUBLIC_URL")
    if url is not None and not _ORIGIN.fullmatch(url):
        raise SettingsError(
            "PUBLIC_URL must be the address that buyers reach, such as https://pay.example.com, without a path."
        )
    return None if url is None else url.rstrip("/")
