"""Spreads the tables over the servers of a Citus cluster, by tenant, after all that it needs was checked."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, pool, text

from lumira.domain import distribution
from lumira.repositories.installation.distribution import Cluster, find_version, read_cluster, read_schema

#: The functions that look across tenants may read some columns only, on each server.
_OLDEST = (13, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing, what would be done, and what the database would no longer check."""

    #: Each in a sentence that says what to do.
    faults: tuple[str, ...]
    statements: tuple[str, ...]
    removals: tuple[str, ...]
    losses: tuple[str, ...]
    #: Whether the tables are spread already: only what the coordinator has kept of them is removed.
    is_done: bool = False


def plan_distribution(owner_url: str) -> Plan:
    """Return what `distribute` would do; changes nothing."""
    engine = create_engine(owner_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        return _plan(connection)


def distribute(owner_url: str, *, notify: Callable[[str], object] = str) -> Plan:
    """Spread the tables in one transaction of the owner, and remove the rows that the coordinator has kept of them.

    `notify` is called with each statement before it runs. Safe to repeat: what is spread stays, and only the removal is
    done again. Nothing is done if the returned plan has faults.
    """
    engine = create_engine(owner_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        plan = _plan(connection)
        connection.rollback()
        if not plan.faults:
            run(connection, plan, notify=notify)
    return plan


def run(connection: Connection, plan: Plan, *, notify: Callable[[str], object] = str) -> None:
    """Run the statements of a plan without faults: the first ones together, and each removal by itself."""
    with connection.begin():
        for statement in plan.statements:
            notify(statement)
            connection.execute(text(statement.replace(":", "\\:")))
    for statement in plan.removals:
        with connection.begin():
            notify(statement)
            connection.execute(text(statement))


def _plan(connection: Connection) -> Plan:
    version = find_version(connection)
    if version is None:
        schema = read_schema(connection, is_cluster=False)
        missing = "The database has no extension Citus: run CREATE EXTENSION citus on each of its servers."
        return plan_for(schema, (missing,))
    schema = read_schema(connection, is_cluster=True)
    return plan_for(schema, tuple(faults_of(read_cluster(connection, version), schema)))


def plan_for(schema: distribution.Schema, faults: tuple[str, ...]) -> Plan:
    """Return the plan for a schema; without statements that spread it if it is spread already."""
    is_done = set(schema.tables) <= schema.spread
    return Plan(
        faults,
        () if is_done else tuple(distribution.statements(schema)),
        tuple(distribution.removals(schema)),
        () if is_done else tuple(distribution.losses(schema)),
        is_done,
    )


def faults_of(cluster: Cluster, schema: distribution.Schema) -> list[str]:
    """Return what has to be mended before the tables can be spread, each in a sentence that says how."""
    faults = []
    if cluster.version < _OLDEST:
        faults.append(
            "Citus gives its servers no privileges on columns before 13.1: run ALTER EXTENSION citus UPDATE."
        )
    if not cluster.is_coordinator_known:
        faults.append(
            "The cluster does not know its coordinator: run SELECT citus_set_coordinator_host('<host>', 5432) there."
        )
    if cluster.workers == 0:
        faults.append("The cluster has no other server: run SELECT citus_add_node('<host>', 5432) for each.")
    for name, (value, scope) in distribution.SETTINGS.items():
        if cluster.settings.get(name) != value:
            faults.append(f"{name} is not {value}: run ALTER {scope} SET {name} = '{value}'.")
    faults += [
        f"lumira_app and lumira_sweep cannot sign in to {server}: run ALTER ROLE <role> LOGIN, and let them sign "
        "in from the other servers in pg_hba.conf."
        for server in cluster.without_roles
    ]
    if cluster.other_sessions:
        faults.append(
            f"{cluster.other_sessions} other sessions use the database: stop the web servers and the workers first."
        )
    faults += [
        f"The unique index {index} does not carry the tenant: it cannot be checked on one server."
        for index in distribution.unplaceable(schema)
    ]
    missing = sorted(set(schema.tables) - schema.spread)
    if schema.spread and missing:
        faults.append(
            f"Some tables are spread and these are not: {', '.join(missing)}. Spread them as docs/scaling.md says."
        )
    return faults
