"""The tables of the database and the servers of its cluster, as the owner's connection sees them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from lumira.domain.distribution import SETTINGS, ForeignKey, Policy, Schema, Trigger

#: Tables with a tenant's rows, and the table of tenants; partitions follow their table.
_TABLES = text(
    """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND (c.relname = 'tenants' OR EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
    ORDER BY 1
    """
)
_FOREIGN_KEYS = text(
    """
    SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,
        confrelid::regclass::text AS referenced, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace
    ORDER BY 1, 2
    """
)
_TRIGGERS = text(
    """
    SELECT t.tgrelid::regclass::text AS table, quote_ident(t.tgname) AS name, p.proname AS function,
        pg_get_triggerdef(t.oid) AS definition
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text = ANY (:tables) ORDER BY 1, 2
    """
)
_POLICIES = text(
    """
    SELECT quote_ident(tablename) AS table, quote_ident(policyname) AS name FROM pg_policies
    WHERE schemaname = 'public' AND tablename = ANY (:tables) AND concat(qual, with_check) LIKE '%SELECT%'
    ORDER BY 1, 2
    """
)
_UNIQUE_FOR_ALL = text(
    """
    SELECT x.indrelid::regclass::text AS table, x.indexrelid::regclass::text AS index FROM pg_index x
    WHERE x.indisunique AND x.indrelid::regclass::text = ANY (:tables) AND NOT EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = x.indrelid AND a.attname = 'tenant_id' AND a.attnum = ANY (x.indkey::smallint[]))
    ORDER BY 1, 2
    """
)
_HAS_IDENTITY = text(
    "SELECT attidentity <> '' FROM pg_attribute WHERE attrelid = 'tenants'::regclass AND attname = 'id'"
)
_SPREAD = text("SELECT logicalrelid::text FROM pg_dist_partition")


def find_version(connection: Connection) -> tuple[int, ...] | None:
    """Return the version of the extension Citus, such as (14, 0, 1); `None` if the database does not have it."""
    version = connection.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'citus'")).scalar()
    return None if version is None else tuple(map(int, re.findall(r"\d+", version)))


def read_schema(connection: Connection, *, is_cluster: bool) -> Schema:
    """Return what the catalog says about the tables of tenants."""
    tables = tuple(connection.execute(_TABLES).scalars())
    named = {"tables": list(tables)}
    spread = connection.execute(_SPREAD).scalars() if is_cluster else ()
    return Schema(
        tables,
        tuple(ForeignKey(*row) for row in connection.execute(_FOREIGN_KEYS)),
        tuple(Trigger(*row) for row in connection.execute(_TRIGGERS, named)),
        tuple(Policy(*row) for row in connection.execute(_POLICIES, named)),
        tuple((row[0], row[1]) for row in connection.execute(_UNIQUE_FOR_ALL, named)),
        bool(connection.execute(_HAS_IDENTITY).scalar_one()),
        frozenset(spread) & set(tables),
    )


#: Roles as which the coordinator signs in to the other servers: those that statements and functions run as.
_ROLES = 2
_MAY_LOG_IN = "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname IN ('lumira_app', 'lumira_sweep')"
_ON_SERVERS = text(
    "SELECT nodename || ':' || nodeport, success, result FROM run_command_on_workers(:command)"
)
_NODES = text(
    "SELECT count(*) FILTER (WHERE groupid = 0), "
    "count(*) FILTER (WHERE groupid <> 0 AND isactive AND shouldhaveshards) FROM pg_dist_node "
    "WHERE noderole = 'primary'"
)
#: Sessions of web servers, workers and people. Those by which servers of the cluster reach each other have a name.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND application_name NOT LIKE 'citus%'"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The servers of the database, and what has to be true of them before tables are spread over them."""

    #: Of the extension.
    version: tuple[int, ...]
    is_coordinator_known: bool
    workers: int
    #: Values of settings in a new session of the owner.
    settings: dict[str, str]
    #: The servers on which a role cannot sign in, each with the reason.
    without_roles: tuple[str, ...]
    other_sessions: int


def read_cluster(connection: Connection, version: tuple[int, ...]) -> Cluster:
    """Return what is known about the servers of a database that has this version of the extension."""
    coordinators, workers = connection.execute(_NODES).one()
    settings = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in SETTINGS}
    return Cluster(
        version,
        coordinators > 0,
        workers,
        settings,
        tuple(_without_roles(connection)),
        connection.execute(_OTHERS).scalar_one(),
    )


def _without_roles(connection: Connection) -> Iterator[str]:
    if connection.execute(text(_MAY_LOG_IN)).scalar_one() != _ROLES:
        yield "the coordinator"
    for server, is_done, result in connection.execute(_ON_SERVERS, {"command": _MAY_LOG_IN}):
        if not is_done:
            yield f"{server} ({result})"
        elif result != str(_ROLES):
            yield server
