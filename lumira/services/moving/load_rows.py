"""Inserts the rows of an archive inside the caller's transaction, and proves that the database has the same ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from lumira.errors.moving import MoveRefused, UnusableArchive
from lumira.repositories.operators import moved_operators, operators
from lumira.repositories.tenants import tenant_rows, tenant_sums, tenant_tables
from lumira.repositories.tenants.copy_lines import Values, line_of, values_of
from lumira.repositories.tenants.tenant_rows import RowRefused
from lumira.repositories.tenants.tenant_tables import TenantTable
from lumira.services.moving.archive import OPERATORS, TABLE, ArchiveReader, Member, RowDigest
from lumira.services.moving.read_archive import Contents
from lumira.services.moving.sealed_values import opened, sealed

#: What to do about a value that only one tenant of an installation can have.
_TAKEN = {
    "pk_tenants": "Another tenant here has the same id: import into another installation.",
    "uq_tenants_slug": "A tenant with this slug exists here already.",
    "uq_tenants_order_prefix": "Another tenant here has the same order prefix: import into another installation.",
    "uq_tenant_domains_domain": "A domain belongs to another tenant here: remove it there first.",
    "uq_api_keys_lookup": "An API key exists here already: the tenant was imported before, under another slug.",
}


class RowLoader:
    """Loads the members of an archive that consist of rows, one after another."""

    def __init__(self, contents: Contents) -> None:
        self._tenant_id = contents.tenant_id
        self._sums = contents.totals["sums"]
        self._tables = {table.name: table for table in tenant_tables.list_tables()}
        self._operator_tables = {table.name: table for table in tenant_tables.list_operator_tables()}
        #: The rows as they must be in the database, and the order of their columns, by table.
        self._expected: dict[str, tuple[Sequence[str], RowDigest]] = {}
        #: This installation's operators by their ids in the other one.
        self._operators: dict[str, str] = {}
        self._new: set[str] = set()

    @property
    def matched_operators(self) -> int:
        """How many operators have an account here already."""
        return len(self._operators) - len(self._new)

    def load(self, reader: ArchiveReader, member: Member) -> None:
        """Insert the rows of a member. Raises `MoveRefused`, `UnusableArchive`."""
        columns = member.values["columns"]
        try:
            if member.kind == TABLE:
                self._load_table(self._tables[member.name], columns, reader.lines())
            elif member.kind == OPERATORS:
                self._load_operators(self._operator_tables[member.name], columns, reader.lines())
        except RowRefused as error:
            raise MoveRefused(
                _TAKEN.get(error.constraint, f"The database refused a row ({error}).")
            ) from error
        except KeyError as error:
            raise UnusableArchive(
                f"The archive has a part that this version does not know: {error}."
            ) from error

    def verify(self) -> None:
        """Read all rows of the tenant again, and compare them and their sums with the archive."""
        for name, (columns, expected) in self._expected.items():
            table, found = self._tables[name], RowDigest()
            for line in opened(table, columns, tenant_rows.read(table, self._tenant_id, columns)):
                found.add(line)
            if found != expected:
                raise MoveRefused(
                    f"The rows of {name} differ from the archive: {found.rows} of {expected.rows}."
                )
        if tenant_sums.read_sums(self._tenant_id) != self._sums:
            raise MoveRefused("The sums of the imported rows differ from those of the archive.")

    def _load_table(self, table: TenantTable, columns: Sequence[str], lines: Iterable[bytes]) -> None:
        if set(columns) != set(table.columns):
            raise UnusableArchive(
                f"The archive has other columns of {table.name}: run the same version in both installations."
            )
        digest = RowDigest()
        self._expected[table.name] = columns, digest
        moved = self._counted(self._with_operators(table, columns, lines), digest)
        tenant_rows.insert(table, columns, sealed(table, columns, moved))

    def _with_operators(
        self, table: TenantTable, columns: Sequence[str], lines: Iterable[bytes]
    ) -> Iterable[bytes]:
        positions = [position for position, column in enumerate(columns) if column in table.operators]
        return self._renamed(lines, positions) if positions else lines

    def _renamed(self, lines: Iterable[bytes], positions: Sequence[int]) -> Iterator[bytes]:
        for line in lines:
            values = values_of(line)
            for position in positions:
                value = values[position]
                values[position] = None if value is None else self._operators[value.decode()].encode()
            yield line_of(values)

    @staticmethod
    def _counted(lines: Iterable[bytes], digest: RowDigest) -> Iterator[Values]:
        for line in lines:
            digest.add(line)
            yield values_of(line)

    def _load_operators(self, table: TenantTable, columns: Sequence[str], lines: Iterable[bytes]) -> None:
        for line in lines:
            row = values_of(line)
            values = {
                name: None if value is None else value.decode()
                for name, value in zip(columns, row, strict=True)
            }
            moved_id = str(values[table.key])
            if table.name == "operators":
                self._match(moved_id, values)
            if moved_id in self._new:
                # An account that exists here keeps its password, and no one's rights grow by the import.
                operators.enter(UUID(moved_id))
                tenant_rows.insert(table, columns, sealed(table, columns, [row]))

    def _match(self, moved_id: str, values: Mapping[str, str | None]) -> None:
        match = moved_operators.find_match(UUID(moved_id), str(values["email"]))
        self._operators[moved_id] = moved_id if match is None else str(match)
        if match is None:
            self._new.add(moved_id)
