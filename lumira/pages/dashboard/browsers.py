"""A browser in two words, from how it describes itself."""

#: The first one that occurs is the name: most browsers also call themselves by the names after theirs.
_NAMES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
#: Characters of a description that is not known.
_LENGTH = 60


def browser_name(description: str) -> str:
    """Return `Firefox, Windows` for a browser that is known, else the beginning of what it says of itself."""
    found = [_first(description, names) for names in (_NAMES, _SYSTEMS)]
    return ", ".join(name for name in found if name) or description[:_LENGTH] or "-"


def _first(description: str, names: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for token, name in names if token in description), None)
