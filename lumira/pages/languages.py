"""The language of a request, from its `Accept-Language` header."""

from collections.abc import Iterable

from lumira.models import Language


def page_language(accepted: Iterable[tuple[str, float]]) -> Language:
    """Return the language of a page: the caller's first choice among Lumira's, else the default."""
    return Language.of(preferred_language(accepted))


def preferred_language(accepted: Iterable[tuple[str, float]]) -> Language | None:
    """Return the caller's first choice among Lumira's languages; `None` if the header names none of them.

    `accepted` are language tags with their qualities, best first.
    """
    for tag, quality in accepted:
        code = tag.lower().partition("-")[0]
        # A quality of zero means "not acceptable" (RFC 9110, section 12.4.2).
        if code in set(Language) and quality > 0:
            return Language(code)
    return None
