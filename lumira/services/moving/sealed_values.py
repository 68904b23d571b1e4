"""The encrypted values of rows: in clear inside an archive, which is encrypted itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lumira import encryption
from lumira.encryption import DecryptionError
from lumira.errors.moving import MoveRefused
from lumira.repositories.tenant_tables import TenantTable
from lumira.services.moving.archive import Row

#: How PostgreSQL writes bytes.
_PREFIX = "\\x"


def opened(table: TenantTable, rows: Iterable[Sequence[str | None]]) -> Iterator[Row]:
    """Yield rows of the database with their encrypted values decrypted; raises `MoveRefused` if no key does it."""
    return _changed(table, table.columns, rows, _open)


def sealed(table: TenantTable, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[Row]:
    """Yield rows of an archive with these columns as they are stored with this installation's key."""
    return _changed(table, columns, rows, lambda value: _PREFIX + encryption.seal_payload(value).hex())


def _open(value: str) -> str:
    try:
        return encryption.open_payload(bytes.fromhex(value.removeprefix(_PREFIX)))
    except DecryptionError as error:
        raise MoveRefused(
            "A secret of the tenant cannot be decrypted with LUMIRA_ENCRYPTION_KEYS: `flask secrets rotate --dry-run` "
            "shows which. Add the key that encrypted it, or enter the secret again."
        ) from error


def _changed(
    table: TenantTable,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    change: Callable[[str], str],
) -> Iterator[Row]:
    positions = [position for position, column in enumerate(columns) if column in table.sealed]
    for values in rows:
        row = list(values)
        for position in positions:
            value = row[position]
            row[position] = None if value is None else change(value)
        yield row
