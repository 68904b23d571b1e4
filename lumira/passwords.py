"""Passwords of operators: hashed by Argon2id, and refused if they are easy to guess."""

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
#: More is no more secure, and has to be hashed.
MAX_LENGTH = 128
#: zxcvbn's estimate becomes slow for long passwords, and what is this long is judged by its beginning.
_JUDGED_LENGTH = 72
#: Of zxcvbn's 0 to 4: 3 is about 10^8 guesses or more, too many for a sign-in that is limited.
_LEAST_SCORE = 3
#: Words that whoever attacks this program tries first.
_OWN_WORDS = ("lumira", "stripe", "dashboard", "operator", "payment", "paiement", "boutique", "tableau")

# OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: The hash of no password: verified for an unknown operator, so that the reply takes as long as for a known one.
_DECOY = _hasher.hash("no operator has this password")
#: Each hash takes memory and a processor: the other threads of a process serve buyers meanwhile.
_hashing = threading.BoundedSemaphore(2)
#: Those that hash, and those that wait for it: however many passwords are tried, no more threads wait.
_admitted = threading.BoundedSemaphore(4)


class TooBusy(Exception):
    """As many passwords are hashed as this process may hash at once."""


class Weakness(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    GUESSABLE = "guessable"


def hash_password(password: str) -> str:
    """Return the hash to store; it contains its salt and parameters. Raises `TooBusy`."""
    with _slot():
        return _hasher.hash(_normal(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether the password has this hash. Without one a decoy is verified, which takes as long, and is never true.

    Raises `TooBusy`.
    """
    with _slot():
        try:
            _hasher.verify(stored or _DECOY, _normal(password[: MAX_LENGTH * 4]))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def find_weakness(password: str, *, personal: Iterable[str]) -> Weakness | None:
    """Return why the password is refused; `None` if it is accepted. It must not consist of the `personal` words."""
    normal = _normal(password)
    if len(normal) < MIN_LENGTH:
        return Weakness.TOO_SHORT
    if len(normal) > MAX_LENGTH:
        return Weakness.TOO_LONG
    # Imported here: its word lists take memory, and only a new password needs them.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    words = [word for text in personal for word in (text, *text.replace("@", " ").replace(".", " ").split())]
    score: int = zxcvbn(normal[:_JUDGED_LENGTH], user_inputs=[*_OWN_WORDS, *words])["score"]
    return Weakness.GUESSABLE if score < _LEAST_SCORE else None


@contextmanager
def _slot() -> Iterator[None]:
    if not _admitted.acquire(blocking=False):
        raise TooBusy
    try:
        with _hashing:
            yield
    finally:
        _admitted.release()


def _normal(password: str) -> str:
    """Return the same text for the same password from another keyboard (NIST SP 800-63B, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
