"""The buyer's name as receipts show it."""

import re
from unicodedata import normalize

_LONGEST_NAME = 80
#: What only web and e-mail addresses contain.
_ADDRESS = re.compile(r"(?i:://|www\.|@|\.[a-z]{2,}/)")
#: Two parts of a word around a dot: of `Mme.DUPONT`, `Dr.med.` or `shop.example.com`, where parts overlap.
_DOTTED = re.compile(r"(?=(?<![\w-])(\w[\w-]+)\.([^\W\d_]{2,})(?!\w))")
#: Top-level domains that texts advertise and that are hardly ever names. Those of two letters are countries' domains.
_TOP_LEVEL_DOMAINS = frozenset((
    "academy", "agency", "app", "biz", "blog", "buzz", "casino", "cfd", "club", "com", "company", "coop", "cyou",
    "design", "dev", "digital", "edu", "email", "example", "fun", "gov", "group", "host", "icu", "info", "ink",
    "life", "link", "live", "loan", "local", "lol", "media", "mil", "mobi", "name", "net", "network", "news", "nyc",
    "online", "onion", "ooo", "org", "press", "pro", "pub", "review", "sbs", "services", "shop", "site", "social",
    "solutions", "space", "store", "studio", "support", "systems", "team", "tech", "test", "tips", "today", "tools",
    "top", "travel", "tube", "vip", "website", "wiki", "win", "work", "world", "wtf", "xxx", "xyz", "zip", "zone",
))  # fmt: skip
#: Titles that people write without a space before the name: `Mme.de Tour`, `Dr.LI`.
_TITLES = frozenset((
    "dr", "fr", "frau", "herr", "hr", "ing", "ir", "me", "mlle", "mme", "mr", "mrs", "ms", "pr", "prof", "sr",
    "sra", "st",
))  # fmt: skip


def printed_name(name: str | None) -> str | None:
    """Return the buyer's name, or `None` if it may not be a name.

    A buyer can enter another person's e-mail address, and any text as a name: it would be sent to that address. A name
    with a dot is a name unless a reader would take it for an address.
    """
    if name is None or len(name) > _LONGEST_NAME or name.splitlines() != [name] or _holds_address(name):
        return None
    return name


def _holds_address(name: str) -> bool:
    # Programs that recognize addresses read full-width letters and dots as ordinary ones.
    text = normalize("NFKC", name)
    return bool(_ADDRESS.search(text)) or any(
        _is_domain(before, after) for before, after in _DOTTED.findall(text)
    )


def _is_domain(before: str, after: str) -> bool:
    if before.casefold() in _TITLES or (after[0].isupper() and not after.isupper()):
        return False
    if len(after) > 2:  # noqa: PLR2004 - the letters of a country's domain
        return after.casefold() in _TOP_LEVEL_DOMAINS
    # `Wei.LI`, as the French write a name. A text with an address has one case throughout: `See EVIL.DE`.
    is_name = after.isupper() and before[0].isupper() and not before.isupper()
    return after.isascii() and not is_name
