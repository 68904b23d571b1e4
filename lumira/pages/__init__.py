"""Pages that people look at: drawn from what a use case found, in the brand's colours and the reader's language."""

from pathlib import Path

#: Style sheets; nothing else is loaded by any page, and no page has a script.
STATIC = Path(__file__).parent / "static"
