"""Rate limits, and the Redis server that counts them for all processes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from limits import parse_many

from config.errors import SettingsError, whole_number

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
    #: Free orders that one address opens: they give away goods and send messages.
    per_address_free: str = "20 per hour"
    #: Unpaid orders with reserved stock of one address at one time, and of one address for one e-mail address.
    reservations_per_address: int = 20
    reservations_per_email: int = 5
    #: Percent of a product's units that the unpaid orders of one address reserve: the rest is there for others.
    reservation_share: int = 50

    @property
    def free_orders(self) -> list[tuple[int, timedelta]]:
        """The limits of `per_address_free`: numbers of orders, each with its period."""
        return [
            (limit.amount, timedelta(seconds=limit.get_expiry()))
            for limit in parse_many(self.per_address_free)
        ]


def from_environment(values: Mapping[str, str]) -> RateLimits:
    """Return the limits of RATE_LIMITS, RATE_LIMIT_PER_… and RESERVATION…; raise `SettingsError` if one is invalid."""
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
        per_address_free=_limit(values, "RATE_LIMIT_PER_ADDRESS_FREE", standard.per_address_free),
        reservations_per_address=_number(
            values, "RESERVATIONS_PER_ADDRESS", standard.reservations_per_address
        ),
        reservations_per_email=_number(values, "RESERVATIONS_PER_EMAIL", standard.reservations_per_email),
        reservation_share=_number(values, "RESERVATION_SHARE", standard.reservation_share, largest=100),
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


def _number(values: Mapping[str, str], name: str, standard: int, *, largest: int = 1_000_000) -> int:
    number = whole_number(values, name, default=standard)
    if not 1 <= number <= largest:
        raise SettingsError(f"{name} must be between 1 and {largest}, not {number}.")
    return number


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
