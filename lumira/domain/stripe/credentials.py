"""The form of Stripe's credentials: what is malformed is refused when it is entered, not when a sale fails."""

import re
import unicodedata

from lumira.errors import InvalidRequest

_SECRET_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]+")
_PUBLISHABLE_KEY = re.compile(r"pk_(?:test|live)_[A-Za-z0-9_]+")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9_+/=.-]+")
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]+")
_LIVE = ("sk_live_", "rk_live_", "pk_live_")


def is_live_key(key: str) -> bool:
    """Whether a Stripe key (secret, restricted or publishable) is a live-mode key."""
    return key.startswith(_LIVE)


def is_restricted_key(key: str) -> bool:
    """Return whether the key has only the permissions that were chosen for it."""
    return key.startswith("rk_")


def parse_secret_key(text: str) -> str:
    """Return the secret or restricted key in `text`; raises `InvalidRequest` if it is none."""
    return _parse(text, _SECRET_KEY, "A Stripe secret key begins with sk_ or rk_, then live_ or test_")


def parse_publishable_key(text: str) -> str:
    """Return the publishable key in `text`; raises `InvalidRequest` if it is none."""
    return _parse(text, _PUBLISHABLE_KEY, "A Stripe publishable key begins with pk_, then live_ or test_")


def parse_webhook_secret(text: str) -> str:
    """Return the webhook signing secret in `text`; raises `InvalidRequest` if it is none."""
    return _parse(text, _WEBHOOK_SECRET, "A webhook secret begins with whsec_")


def parse_account(text: str) -> str:
    """Return the id of the Connect account in `text`; raises `InvalidRequest` if it is none."""
    return _parse(text, _ACCOUNT, "A Connect account begins with acct_")


def check_modes(secret_key: str | None, publishable_key: str | None) -> None:
    """Raise `InvalidRequest` if one key is for live mode and the other for test mode: no payment would work."""
    if secret_key is None or publishable_key is None:
        return
    if is_live_key(secret_key) != is_live_key(publishable_key):
        modes = ("live", "test") if is_live_key(secret_key) else ("test", "live")
        raise InvalidRequest(
            f"The secret key is a {modes[0]} key and the publishable key a {modes[1]} key: "
            "enter both keys of one mode in one call."
        )


def _parse(text: str, form: re.Pattern[str], rule: str) -> str:
    """Return the credential without what a copied value carries unseen at its ends.

    The message never repeats the value, which may be a secret.
    """
    start, end = 0, len(text)
    while start < end and _is_invisible(text[start]):
        start += 1
    while start < end and _is_invisible(text[end - 1]):
        end -= 1
    credential = text[start:end]
    if not form.fullmatch(credential):
        raise InvalidRequest(f"{rule}, and contains no space and no special character. Copy it again.")
    return credential


def _is_invisible(character: str) -> bool:
    """Whether it is a space, a line break, a zero-width or another control or format character."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
