"""Addresses and names that are read as something else than what they are."""

import unicodedata


def is_confusable(address: str) -> bool:
    """Whether some of its letters are others in disguise: signs and widths, and capitals that ASCII has in lower case.

    Two addresses are one customer's if they agree in lower case, where a Kelvin sign is a `k`.
    """
    return not unicodedata.is_normalized("NFKC", address) or any(
        not letter.isascii() and any(folded.isascii() for folded in letter.lower()) for letter in address
    )


def contains_encoded_word(text: str) -> bool:
    """Whether mail programs would decode a part of it (RFC 2047).

    Python does so where it writes a header, line breaks included: words would become headers of their own.
    """
    return "=?" in text
