"""The encrypted values of rows: in clear inside an archive, which is encrypted itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lumira import encryption
from lumira.encryption import DecryptionError
from lumira.errors.moving import MoveRefused
from lumira.repositories.tenants.copy_lines import Values, line_of, values_of
from lumira.repositories.tenants.tenant_tables import TenantTable

#: How PostgreSQL writes bytes.
_PREFIX = "\\x"


def opened(table: TenantTable, columns: Sequence[str], lines: Iterable[bytes]) -> Iterable[bytes]:
    """Return lines of the database with their encrypted values decrypted; raises `MoveRefused` if no key does it."""
    if table.sealed.isdisjoint(columns):
        return lines
    return map(line_of, _changed(table, columns, map(values_of, lines), _open))


def sealed(table: TenantTable, columns: Sequence[str], rows: Iterable[Values]) -> Iterable[Values]:
    """Return rows of an archive with these columns as they are stored with this installation's key."""
    if table.sealed.isdisjoint(columns):
        return rows
    return _changed(table, columns, rows, _seal)


def _open(value: bytes) -> bytes:
    try:
        return encryption.open_payload(bytes.fromhex(value.decode().removeprefix(_PREFIX))).encode()
    except DecryptionError as error:
        raise MoveRefused(
            "A secret of the tenant cannot be decrypted with LUMIRA_ENCRYPTION_KEYS: `flask secrets rotate --dry-run` "
            "shows which. Add the key that encrypted it, or enter the secret again."
        ) from error


def _seal(value: bytes) -> bytes:
    return (_PREFIX + encryption.seal_payload(value.decode()).hex()).encode()


def _changed(
    table: TenantTable, columns: Sequence[str], rows: Iterable[Values], change: Callable[[bytes], bytes]
) -> Iterator[Values]:
    positions = [position for position, column in enumerate(columns) if column in table.sealed]
    for values in rows:
        for position in positions:
            value = values[position]
            values[position] = None if value is None else change(value)
        yield values
