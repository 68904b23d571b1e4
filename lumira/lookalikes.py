"""Addresses that look like another's, and would be compared as that other's."""

import unicodedata


def is_lookalike(address: str) -> bool:
    """Whether some of its letters are others in disguise: signs and widths, and capitals that ASCII has in lower case.

    Two addresses are one customer's if they agree in lower case, where a Kelvin sign is a `k`.
    """
    return not unicodedata.is_normalized("NFKC", address) or any(
        not letter.isascii() and any(folded.isascii() for folded in letter.lower()) for letter in address
    )
