"""The settings of an installation, read once from the environment."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
#: What production cannot do without: a guess would lose data or open doors.
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "SECRET_KEY", "LUMIRA_ENCRYPTION_KEYS")


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
            redis_url=given.get("REDIS_URL"),
            rate_limits=_rate_limits(given),
            mail_from=given.get("MAIL_FROM", "Lumira <no-reply@localhost>"),
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
        per_key=given.get("RATE_LIMIT_PER_KEY", standard.per_key),
        per_address=given.get("RATE_LIMIT_PER_ADDRESS", standard.per_address),
        per_email=given.get("RATE_LIMIT_PER_EMAIL", standard.per_email),
    )


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
