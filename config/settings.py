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
#: What production cannot do without: a guess would lose data or open doors.
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "SECRET_KEY", "LUMIRA_ENCRYPTION_KEYS")

#: A link opens a buyer's page: in the open only on one's own machine.
_ORIGIN = re.compile(r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?/?")
#: Nothing, or the number of one of its databases.
_REDIS_DATABASE = re.compile(r"/?[0-9]{0,4}")
#: What `limits` takes besides one server at one address.
_OTHER_REDIS = ("redis+unix://", "redis+sentinel://", "redis+cluster://", "valkey")


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names it in one line."""


@dataclass(frozen=True, slots=True)
class StripeBootstrap:
    """Stripe credentials of the default tenant, given by the environment."""

    secret_key: str | None = field(default=None, repr=False)
    publishable_key: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)

    @property
    def is_given(self) -> bool:
        return bool(self.secret_key or self.publishable_key or self.webhook_secret)


@dataclass(frozen=True, slots=True)
class S3:
    """The bucket that files are kept in; without a name they are kept under the instance's folder."""

    bucket: str | None = None
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    addressing_style: str = "auto"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How often one caller may ask, in the notation of Flask-Limiter."""

    enabled: bool = True
    #: A shop's own backend shares one key among all its buyers.
    per_key: str = "3000 per minute"
    #: A household or an office shares one address.
    per_address: str = "600 per minute"
    #: Opening payments in somebody's name: enough for every honest retry.
    per_email: str = "60 per hour"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment decides. Secrets never show in its `repr`."""

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
    #: Where buyers reach this installation, without a slash at its end; `None`: messages carry no link.
    public_url: str | None = None
    #: Where messages are handed over; `None`: they are kept as files.
    smtp: SmtpServer | None = None
    s3: S3 = S3()
    #: The longest file that is taken.
    max_upload_bytes: int = 50 * 1024 * 1024
    mail_from: str = "Lumira <no-reply@localhost>"
    trusted_proxies: int = 0
    database_pool_size: int = 16

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process; `SettingsError` names what is missing or wrong."""
        given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
        environment = _environment(given)
        instance_path = Path(given.get("LUMIRA_INSTANCE", str(ROOT / "instance"))).absolute()
        if environment == "production":
            _require(given)
        else:
            given = {**_development_secrets(instance_path), **given}
        database_url = given.get("DATABASE_URL") or _embedded_database(instance_path)
        return cls(
            environment=environment,
            database_url=_psycopg(database_url),
            database_owner_url=_psycopg(given.get("DATABASE_OWNER_URL", database_url)),
            secret_key=given["SECRET_KEY"],
            encryption_keys=_encryption_keys(given["LUMIRA_ENCRYPTION_KEYS"]),
            instance_path=instance_path,
            default_tenant=given.get("LUMIRA_DEFAULT_TENANT"),
            stripe_api_base=given.get("STRIPE_API_BASE"),
            stripe=StripeBootstrap(
                given.get("STRIPE_SECRET_KEY"),
                given.get("STRIPE_PUBLISHABLE_KEY"),
                given.get("STRIPE_WEBHOOK_SECRET"),
            ),
            redis_url=_redis_url(given),
            rate_limits=_rate_limits(given),
            public_url=_public_url(given),
            s3=_s3(given),
            max_upload_bytes=_max_upload_bytes(given),
            smtp=_smtp(given),
            mail_from=_mail_from(given),
            trusted_proxies=_whole_number(given, "TRUSTED_PROXIES", default=0),
            database_pool_size=_whole_number(given, "DATABASE_POOL_SIZE", default=16),
        )


def _environment(given: Mapping[str, str]) -> Literal["production", "development"]:
    match given.get("LUMIRA_ENV", "production"):
        case "production":
            return "production"
        case "development":
            return "development"
        case other:
            raise SettingsError(f"LUMIRA_ENV must be production or development, not {other!r}.")


def _require(given: Mapping[str, str]) -> None:
    missing = [name for name in REQUIRED_IN_PRODUCTION if name not in given]
    if missing:
        raise SettingsError(
            f"Missing in production: {', '.join(missing)} (LUMIRA_ENV=development makes do without)."
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
        raise SettingsError("LUMIRA_ENCRYPTION_KEYS holds no key.")
    return keys


def _rate_limits(given: Mapping[str, str]) -> RateLimits:
    state = given.get("RATE_LIMITS", "on")
    if state not in ("on", "off"):
        raise SettingsError(f"RATE_LIMITS must be on or off, not {state!r}.")
    standard = RateLimits()
    return RateLimits(
        enabled=state == "on",
        per_key=_limit(given, "RATE_LIMIT_PER_KEY", standard.per_key),
        per_address=_limit(given, "RATE_LIMIT_PER_ADDRESS", standard.per_address),
        per_email=_limit(given, "RATE_LIMIT_PER_EMAIL", standard.per_email),
    )


def _limit(given: Mapping[str, str], name: str, standard: str) -> str:
    text = given.get(name, standard)
    try:
        limits = parse_many(text)
    except ValueError:
        limits = []
    # Nought would refuse everybody: whoever means no limit at all says RATE_LIMITS=off.
    if not limits or any(limit.amount < 1 for limit in limits):
        raise SettingsError(f"{name} must be a rate such as {standard!r}, not {text!r}.")
    return text


def _redis_url(given: Mapping[str, str]) -> str | None:
    url = given.get("REDIS_URL")
    if url is None:
        return None
    # Nothing of it is repeated: it may hold the password, in whatever place it was mistyped.
    if any(map(str.isspace, url)) or not (url.startswith(_OTHER_REDIS) or _is_of_redis(url)):
        raise SettingsError("REDIS_URL must be an address such as redis://127.0.0.1:6379/0.")
    return url


def _is_of_redis(url: str) -> bool:
    # Imported here because it takes a tenth of a second, and most processes have no Redis.
    from redis import ConnectionPool  # noqa: PLC0415

    try:
        # Connects to nobody. A database that is no number it would take for none.
        ConnectionPool.from_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and bool(_REDIS_DATABASE.fullmatch(parts.path))


def _smtp(given: Mapping[str, str]) -> SmtpServer | None:
    if "SMTP_URL" not in given:
        return None
    if "MAIL_FROM" not in given:
        raise SettingsError("SMTP_URL needs MAIL_FROM: the address that messages are sent from.")
    try:
        return SmtpServer.from_url(given["SMTP_URL"])
    except ValueError as error:
        # Nothing of the URL is repeated: it may hold the password, in whatever place it was mistyped.
        raise SettingsError(f"SMTP_URL {error}.") from None


def _mail_from(given: Mapping[str, str]) -> str:
    sender = given.get("MAIL_FROM", "Lumira <no-reply@localhost>")
    try:
        header = SMTP.header_factory("From", sender if sender.isprintable() else "")
    except (IndexError, HeaderParseError):
        # Python's parser stumbles over what ends within an address.
        header = SMTP.header_factory("From", "")
    # One mailbox without a defect: neither a list nor a group, and with a domain to sign messages with.
    if header.defects or len(header.addresses) != 1 or header.groups[0].display_name is not None:
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    [address] = header.addresses
    if not (address.username and address.domain and address.addr_spec.isascii()):
        raise SettingsError("MAIL_FROM must be one address, such as Lumira <no-reply@example.com>.")
    return sender


def _public_url(given: Mapping[str, str]) -> str | None:
    url = given.get("PUBLIC_URL")
    if url is not None and not _ORIGIN.fullmatch(url):
        raise SettingsError(
            "PUBLIC_URL must be the address that buyers reach, such as https://pay.example.com, without a path."
        )
    return None if url is None else url.rstrip("/")


def _s3(given: Mapping[str, str]) -> S3:
    style = given.get("S3_ADDRESSING_STYLE", "auto")
    if style not in ("auto", "path", "virtual"):
        raise SettingsError(f"S3_ADDRESSING_STYLE must be auto, path or virtual, not {style!r}.")
    access_key_id, secret_access_key = given.get("S3_ACCESS_KEY_ID"), given.get("S3_SECRET_ACCESS_KEY")
    if (access_key_id is None) != (secret_access_key is None):
        raise SettingsError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are given together, or neither is.")
    endpoint = given.get("S3_ENDPOINT_URL")
    if endpoint is not None and not endpoint.startswith(("https://", "http://")):
        raise SettingsError("S3_ENDPOINT_URL must begin with https:// or http://.")
    return S3(
        bucket=given.get("S3_BUCKET"),
        endpoint_url=endpoint,
        region=given.get("S3_REGION", "us-east-1"),
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        addressing_style=style,
    )


def _max_upload_bytes(given: Mapping[str, str]) -> int:
    longest = _whole_number(given, "MAX_UPLOAD_BYTES", default=50 * 1024 * 1024)
    if longest == 0:
        raise SettingsError("MAX_UPLOAD_BYTES must be at least 1: with 0 no file could be taken.")
    return longest


def _whole_number(given: Mapping[str, str], name: str, *, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _psycopg(url: str) -> str:
    """The same address for SQLAlchemy's psycopg 3 driver, whatever the usual spelling."""
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    raise SettingsError("DATABASE_URL must begin with postgresql://.")


def _development_secrets(instance_path: Path) -> dict[str, str]:
    """Secrets made once per checkout, so that a second start still reads what the first one encrypted."""
    path = instance_path / "development-secrets.json"
    if not path.exists():
        instance_path.mkdir(parents=True, exist_ok=True)
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(made))
        try:
            # A link fails where the file exists: of two first starts, one decides.
            path.hardlink_to(draft)
        except FileExistsError:
            return _development_secrets(instance_path)
        finally:
            draft.unlink()
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def _embedded_database(instance_path: Path) -> str:
    # Imported here because production never has the package: it is a development requirement.
    from config import embedded_postgresql  # noqa: PLC0415

    return embedded_postgresql.start(instance_path / "postgresql")
