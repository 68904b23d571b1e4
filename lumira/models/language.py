"""The languages of pages, messages and documents."""

import re
from enum import StrEnum


class Language(StrEnum):
    """A language that Lumira writes in; the first one is the default."""

    FRENCH = "fr"
    ENGLISH = "en"

    @classmethod
    def of(cls, locale: str | None) -> "Language":
        """Return the language of a locale such as `en-GB`; French if Lumira does not write in it or it is `None`."""
        code = re.split("[-_]", locale or "")[0].lower()
        return next((language for language in cls if language.value == code), cls.FRENCH)
