"""HTML pages: rendered from the result of a use case, in the tenant's theme and the visitor's language."""

from pathlib import Path

#: Style sheets. Pages load nothing else, and have no script.
STATIC = Path(__file__).parent / "static"
