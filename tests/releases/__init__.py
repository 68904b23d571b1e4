"""The database of the release before this one, with sales: what `flask db upgrade` finds in production."""

from pathlib import Path

_FOLDER = Path(__file__).parent
#: What pg_dump wrote: schema and rows, for the roles of the documentation.
DUMP = _FOLDER / "previous.sql.gz"
#: The secrets of that installation, and what its buyers and callers have in their hands.
KNOWN = _FOLDER / "previous.json"
