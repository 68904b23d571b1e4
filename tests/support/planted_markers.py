"""Unique markers that a test plants, and the search for them in what processes wrote."""

import random
import re
import string
from dataclasses import dataclass, field
from enum import StrEnum

from lumira.card_numbers import has_valid_check_digit

_random = random.SystemRandom()
_CARD = re.compile(r"(?:\d[ -]?){15}\d")
_WORD = re.compile(r"Zanq[a-z]{12}", re.IGNORECASE)


class Kind(StrEnum):
    """What a marker stands for."""

    CARD = "card number"
    SECRET = "secret"
    NAME = "name"
    EMAIL = "e-mail"


@dataclass
class Markers:
    """All planted markers: what each stands for, and the door through which it came."""

    planted: dict[str, tuple[Kind, str]] = field(default_factory=dict)

    def card(self, door: str) -> str:
        """A card number that no other door has, with a valid check digit."""
        body = "424242" + "".join(_random.choices(string.digits, k=9))
        [number] = [f"{body}{digit}" for digit in range(10) if has_valid_check_digit(f"{body}{digit}")]
        return self._plant(number, Kind.CARD, door)

    def secret(self, door: str, prefix: str = "") -> str:
        """A secret, with the prefix of a key."""
        word = self._word()
        self._plant(word, Kind.SECRET, door)
        return f"{prefix}{word}"

    def name(self, door: str) -> str:
        """A buyer's name."""
        return self._plant(self._word(), Kind.NAME, door)

    def email(self, door: str) -> str:
        """A buyer's address."""
        return self._plant(self._word(), Kind.EMAIL, door) + "@example.com"

    def found_in(self, text: str, *kinds: Kind) -> set[str]:
        """Return which markers of these kinds stand in the text, with their doors."""
        texts = {re.sub("[ -]", "", match) for match in _CARD.findall(text)}
        texts |= {match.lower() for match in _WORD.findall(text)}
        found = (self.planted[each] for each in texts & self.planted.keys())
        return {f"{kind} of {door}" for kind, door in found if kind in kinds}

    def _plant(self, text: str, kind: Kind, door: str) -> str:
        self.planted[text] = (kind, door)
        return text

    def _word(self) -> str:
        # Letters only: no encoding changes them.
        return "zanq" + "".join(_random.choices(string.ascii_lowercase, k=12))
