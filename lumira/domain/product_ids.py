"""The id that a product gets from its name."""

import re
import unicodedata

_MAX_LENGTH = 64
#: Letters that have no form without a mark.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d"})


def id_from_name(name: str) -> str:
    """Return the id of a product with this name, such as `tasse-en-gres` for `Tasse en grès`.

    It is empty if the name has no Latin letter and no digit.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return "-".join(words)[:_MAX_LENGTH].rstrip("-")
