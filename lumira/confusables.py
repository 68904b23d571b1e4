"""E-mail addresses and names with characters that are displayed or decoded as others."""

import unicodedata


def is_confusable(address: str) -> bool:
    """Whether the address has compatibility characters, or non-ASCII characters whose lower case is ASCII.

    Addresses of one customer are compared in lower case, in which a Kelvin sign equals `k`.
    """
    return not unicodedata.is_normalized("NFKC", address) or any(
        not character.isascii() and any(lower.isascii() for lower in character.lower())
        for character in address
    )


def contains_encoded_word(text: str) -> bool:
    """Whether the text may contain an encoded word (RFC 2047).

    Python decodes encoded words when it writes a header, line breaks included: they could add headers.
    """
    return "=?" in text
