"""The database of the release before this one, with sales: what `flask db upgrade` finds in production."""

import gzip
from pathlib import Path

_FOLDER = Path(__file__).parent
#: What pg_dump wrote: schema and rows, for the roles of the documentation.
DUMP = _FOLDER / "previous.sql.gz"
#: The secrets of that installation, and what its buyers and callers have in their hands.
KNOWN = _FOLDER / "previous.json"


def revision() -> str:
    """The newest migration of that release."""
    dump = gzip.decompress(DUMP.read_bytes()).decode()
    return dump.partition("COPY public.alembic_version (version_num) FROM stdin;\n")[2].partition("\n")[0]
