"""The settings of an installation, read once from the environment."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.policy import SMTP
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from limits import parse_many

from config.smtp_server import SmtpServer

ROOT = Path(__file__).resolve().parent.parent
#: Required in production: a default would lose data or weaken security.
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "SECRET_KEY", "LUMIRA_ENCRYPTION_KEYS")

#: A link opens a buyer's portal, so plain HTTP is accepted on this machine only.
_ORIGIN = re.compile(r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?/?")
#: Empty, or the number of a database.
_REDIS_DATABASE = re.compile(r"/?[0-9]{0,4}")
#: Other schemes that the `limits` library accepts; it checks them itself.
_OTHER_REDIS = ("redis+unix://", "redis+sentinel://", "redis+cluster://", "valkey")


class SettingsError(Exception):
    """A setting is missing or invalid; the message names it in one line."""


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
class S3:
    """The S3 bucket that stores files; without a bucket they are stored under the instance's folder."""

    bucket: str | None = None
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    addressing_style: str = "auto"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The request limits of one caller, in the notation of Flask-Limiter."""

    enabled: bool = True
    #: A shop's own backend uses one key for all its buyers.
    per_key: str = "3000 per minute"
    #: The people of a household or an office share one IP address.
    per_address: str = "600 per minute"
    #: Payments opened for one e-mail address: enough for every legitimate retry.
    per_email: str = "60 per hour"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the environment. The `repr` shows no secret."""

    environment: Literal["production", "development"]
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    instance_path: Path = ROOT / "instance"
    default_tenant: str | None = None
    stripe_api_base: str | None = None
    stripe: StripeBootstrap = StripeBootstrap()
    redis_url: str | None = field(default=None, repr=False)
    rate_limits: RateLimits = RateLimits()
    #: The origin that buyers use, without a trailing slash; `None`: e-mails contain no link.
    public_url: str | None = None
    #: The server that sends e-mails; `None`: they are written to files.
    smtp: SmtpServer | None = None
    s3: S3 = S3()
    #: The largest file that an upload may have.
    max_upload_bytes: int = 50 * 1024 * 1024
    mail_from: str = "Lumira <no-reply@localhost>"
    trusted_proxies: int = 0
    database_pool_size: int = 16

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of this process; raise `SettingsError` if one is missing or invalid."""
        values = {
            name: value for name, value in (os.environ if environ is None else environ).items() if value
        }
        environment = _environment(values)
        instance_path = Path(values.get("LUMIRA_INSTANCE", str(ROOT / "instance"))).absolute()
        if environment == "production":
            _require(values)
        else:
            values = {**_development_secrets(instance_path), **values}
        database_url = values.get("DATABASE_URL") or _embedded_database(instance_path)
        return cls(
            environment=environment,
            database_url=_psycopg(database_url),
            database_owner_url=_psycopg(values.get("DATABASE_OWNER_URL", database_url)),
            secret_key=values["SECRET_KEY"],
            encryption_keys=_encryption_keys(values["LUMIRA_ENCRYPTION_KEYS"]),
            instance_path=instance_path,
            default_tenant=values.get("LUMIRA_DEFAULT_TENANT"),
            stripe_api_base=values.get("STRIPE_API_BASE"),
            stripe=StripeBootstrap(
                values.get("STRIPE_SECRET_KEY"),
                values.get("STRIPE_PUBLISHABLE_KEY"),
                values.get("STRIPE_WEBHOOK_SECRET"),
            ),
            redis_url=_redis_url(values),
            rate_limits=_rate_limits(values),
            public_url=_public_url(values),
            s3=_s3(values),
            max_upload_bytes=_max_upload_bytes(values),
            smtp=_smtp(values),
            mail_from=_mail_from(values),
            trusted_proxies=_whole_number(values, "TRUSTED_PROXIES", default=0),
            database_pool_size=_whole_number(values, "DATABASE_POOL_SIZE", default=16),
        )


def _environment(values: Mapping[str, str]) -> Literal["production", "development"]:
    match values.get("LUMIRA_ENV", "production"):
        case "production":
            return "production"
        case "development":
            return "development"
        case other:
            raise SettingsError(f"LUMIRA_ENV must be production or development, not {other!r}.")


def _require(values: Mapping[str, str]) -> None:
    missing = [name for name in REQUIRED_IN_PRODUCTION if name not in values]
    if missing:
        raise SettingsError(
            f"Missing in production: {', '.join(missing)} (LUMIRA_ENV=development does not need them)."
        )


def _encryption_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
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


def _rate_limits(values: Mapping[str, str]) -> RateLimits:
    state = values.get("RATE_LIMITS", "on")
    if state not in ("on", "off"):
        raise SettingsError(f"RATE_LIMITS must be on or off, not {state!r}.")
    standard = RateLimits()
    return RateLimits(
        enabled=state == "on",
        per_key=_limit(values, "RATE_LIMIT_PER_KEY", standard.per_key),
        per_address=_limit(values, "RATE_LIMIT_PER_ADDRESS", standard.per_address),
        per_email=_limit(values, "RATE_LIMIT_PER_EMAIL", standard.per_email),
    )


def _limit(values: Mapping[str, str], name: str, standard: str) -> str:
    text = values.get(name, standard)
    try:
        limits = parse_many(text)
    except ValueError:
        limits = []
    # Zero would refuse every request. RATE_LIMITS=off is the way to have no limit.
    if not limits or any(limit.amount < 1 for limit in limits):
        raise SettingsError(f"{name} must be a rate such as {standard!r}, not {text!r}.")
    return text


def _redis_url(values: Mapping[str, str]) -> str | None:
    url = values.get("REDIS_URL")
    if url is None:
        return None
    # The message repeats no part of the URL: a mistyped URL may contain the password anywhere.
    if any(map(str.isspace, url)) or not (url.startswith(_OTHER_REDIS) or _is_redis_url(url)):
        raise SettingsError("REDIS_URL must be an address such as redis://127.0.0.1:6379/0.")
    return url


def _is_redis_url(url: str) -> bool:
    # Imported here because the import takes 0.1 s and most processes use no Redis.
    from redis import ConnectionPool  # noqa: PLC0415

    try:
        # This opens no connection. It ignores a database that is not a number, hence the check of the path.
        ConnectionPool.from_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and bool(_REDIS_DATABASE.fullmatch(parts.path))


def _smtp(values: Mapping[str, str]) -> SmtpServer | None:
    if "SMTP_URL" not in values:
        return None
    if "MAIL_FROM" not in values:
        raise SettingsError("SMTP_URL needs MAIL_FROM: the sender of the e-mails.")
    try:
        return SmtpServer.from_url(values["SMTP_URL"])
    except ValueError as error:
        # The message repeats no part of the URL: a mistyped URL may contain the password anywhere.
        raise SettingsError(f"SMTP_URL {error}.") from None


def _mail_from(values: Mapping[str, str]) -> str:
    sender = values.get("MAIL_FROM", "Lumira <no-reply@localhost>")
    try:
        header = SMTP.header_factory("From", sender if sender.isprintable() else "")
    except (IndexError, HeaderParseError):
        # Python's parser raises these for an address that ends too early.
        header = SMTP.header_factory("From", "")
    # One mailbox without a defect, neither a list nor a group, and with a domain, which signs the message ids.
    if header.defects or len(header.addresses) != 1 or header.groups[0].display_name is not None:
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    [address] = header.addresses
    if not (address.username and address.domain and address.addr_spec.isascii()):
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    return sender


def _public_url(values: Mapping[str, str]) -> str | None:
    url = values.get("PUBLIC_URL")
    if url is not None and not _ORIGIN.fullmatch(url):
        raise SettingsError(
            "PUBLIC_URL must be the address that buyers reach, such as https://pay.example.com, without a path."
        )
    return None if url is None else url.rstrip("/")


def _s3(values: Mapping[str, str]) -> S3:
    style = values.get("S3_ADDRESSING_STYLE", "auto")
    if style not in ("auto", "path", "virtual"):
        raise SettingsError(f"S3_ADDRESSING_STYLE must be auto, path or virtual, not {style!r}.")
    access_key_id, secret_access_key = values.get("S3_ACCESS_KEY_ID"), values.get("S3_SECRET_ACCESS_KEY")
    if (access_key_id is None) != (secret_access_key is None):
        raise SettingsError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together.")
    endpoint = values.get("S3_ENDPOINT_URL")
    if endpoint is not None and not endpoint.startswith(("https://", "http://")):
        raise SettingsError("S3_ENDPOINT_URL must begin with https:// or http://.")
    return S3(
        bucket=values.get("S3_BUCKET"),
        endpoint_url=endpoint,
        region=values.get("S3_REGION", "us-east-1"),
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        addressing_style=style,
    )


def _max_upload_bytes(values: Mapping[str, str]) -> int:
    max_bytes = _whole_number(values, "MAX_UPLOAD_BYTES", default=50 * 1024 * 1024)
    if max_bytes == 0:
        raise SettingsError("MAX_UPLOAD_BYTES must be at least 1: with 0 every upload would be refused.")
    return max_bytes


def _whole_number(values: Mapping[str, str], name: str, *, default: int) -> int:
    text = values.get(name, str(default))
    if not text.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _psycopg(url: str) -> str:
    """Return the URL for SQLAlchemy's psycopg 3 driver, from any usual scheme."""
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    raise SettingsError("DATABASE_URL must begin with postgresql://.")


def _development_secrets(instance_path: Path) -> dict[str, str]:
    """Return secrets that are created once per checkout: a later start decrypts what an earlier one encrypted."""
    path = instance_path / "development-secrets.json"
    if not path.exists():
        instance_path.mkdir(parents=True, exist_ok=True)
        created = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(created))
        try:
            # Linking fails if the file exists: of two concurrent first starts, one creates the secrets.
            path.hardlink_to(draft)
        except FileExistsError:
            return _development_secrets(instance_path)
        finally:
            draft.unlink()
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def _embedded_database(instance_path: Path) -> str:
    # Imported here because the package is a development requirement that production does not install.
    from config import embedded_postgresql  # noqa: PLC0415

    return embedded_postgresql.start(instance_path / "postgresql")
