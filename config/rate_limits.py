"""Rate limits, and the Redis server that counts them for all processes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from limits import parse_many

from config.errors import SettingsError

#: Empty, or the number of a database.
_REDIS_DATABASE = re.compile(r"/?[0-9]{0,4}")
#: Other schemes that the `limits` library accepts; it checks them itself.
_OTHER_REDIS = ("redis+unix://", "redis+sentinel://", "redis+cluster://", "valkey")


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The request limits of one caller, in the notation of Flask-Limiter."""

    enabled: bool = True
    #: A shop's own backend uses one key for all its buyers.
    per_key: str = "3000 per minute"
    #: The people of a household or an office share one IP address.
    per_address: str = "600 per minute"
    #: Payments that one address opens for one mailbox: enough for every legitimate retry.
    per_email: str = "60 per hour"
    #: Mailboxes for which one address opens payments: every new one may receive messages that it did not ask for.
    per_address_emails: str = "60 per hour"


def from_environment(values: Mapping[str, str]) -> RateLimits:
    """Return the limits of RATE_LIMITS and RATE_LIMIT_PER_…; raise `SettingsError` if one is invalid."""
    state = values.get("RATE_LIMITS", "on")
    if state not in ("on", "off"):
        raise SettingsError(f"RATE_LIMITS must be on or off, not {state!r}.")
    standard = RateLimits()
    return RateLimits(
        enabled=state == "on",
        per_key=_limit(values, "RATE_LIMIT_PER_KEY", standard.per_key),
        per_address=_limit(values, "RATE_LIMIT_PER_ADDRESS", standard.per_address),
        per_email=_limit(values, "RATE_LIMIT_PER_EMAIL", standard.per_email),
        per_address_emails=_limit(values, "RATE_LIMIT_PER_ADDRESS_EMAILS", standard.per_address_emails),
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


def redis_url(values: Mapping[str, str]) -> str | None:
    """Return REDIS_URL; raise `SettingsError`, without its password, if it is invalid."""
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
