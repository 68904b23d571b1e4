"""How the tables are spread over the servers of a Citus cluster, and the statements that spread them.

By tenant: each server has all rows of some tenants. Tables that find a tenant are whole on every server. Everything
else, such as the job queue and the accounts of operators, stays on the coordinator, the server that clients connect to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Tables that every server has whole. What finds a tenant cannot be kept with it, and a unique constraint that holds
#: for all tenants cannot be checked on the rows of one: slugs, domains, keys. An operator's roles are found over all
#: tenants by each sign-in.
REFERENCE_TABLES = ("tenants", "api_keys", "operator_roles", "tenant_domains")
#: The other tables are placed as this one is: rows of a tenant are on one server, in whatever table.
_PLACED_FIRST = "orders"
#: Functions of triggers that look at the row alone, or at nothing. A trigger that reads other rows would have to read
#: them from the server of the row, which Citus refuses: `lumira/domain/withdrawal.py` decides before it.
_KEPT_TRIGGER_FUNCTIONS = ("lumira_refuse_audit_change", "lumira_refuse_receipt_change")
#: Settings that the servers need, their values, and for what they are set. Without the first, a server does not know
#: whose rows a transaction sees, and shows none. The second lets one transaction change whole tables and their keys.
SETTINGS = {
    "citus.propagate_set_commands": ("local", "DATABASE <database>"),
    "citus.multi_shard_modify_mode": ("sequential", "ROLE <owner> IN DATABASE <database>"),
}
#: The functions that name whose rows a transaction sees: name, argument, type and setting. Citus hands on the command
#: SET LOCAL to its servers, and not what a function sets.
_SETTERS = (
    ("lumira_set_tenant", "tenant", "integer", "lumira.tenant_id"),
    ("lumira_set_operator", "operator", "uuid", "lumira.operator_id"),
)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as PostgreSQL describes it."""

    table: str
    name: str
    referenced: str
    definition: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as PostgreSQL describes it."""

    table: str
    name: str
    function: str
    definition: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of row-level security that reads other rows, which Citus refuses."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What the catalog of the database says about the tables with rows of tenants."""

    tables: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    triggers: tuple[Trigger, ...]
    policies: tuple[Policy, ...]
    #: Unique indexes without the tenant, each with its table.
    unique_for_all: tuple[tuple[str, str], ...]
    #: Whether the ids of tenants are an identity column, whose type Citus refuses.
    has_identity: bool
    #: The tables that are spread already.
    spread: frozenset[str] = frozenset()

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(table for table in REFERENCE_TABLES if table in self.tables)

    @property
    def distributed(self) -> tuple[str, ...]:
        others = sorted(set(self.tables) - set(REFERENCE_TABLES) - {_PLACED_FIRST})
        return (*(table for table in (_PLACED_FIRST,) if table in self.tables), *others)


def unplaceable(schema: Schema) -> list[str]:
    """Return the unique indexes that could not be checked on one server, each as `table.index`."""
    return [f"{table}.{index}" for table, index in schema.unique_for_all if table not in REFERENCE_TABLES]


def statements(schema: Schema) -> Iterator[str]:
    """Yield what spreads the tables with their rows, for one transaction of the owner in which nobody else works."""
    tables = (*schema.references, *schema.distributed)
    keys = [key for key in schema.foreign_keys if {key.table, key.referenced} & set(tables)]
    yield "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
    yield "SET LOCAL citus.enable_unsafe_triggers = on"
    # The owner copies the rows of all tenants: with row-level security forced it would copy none.
    yield from (f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in tables)
    yield from (f"DROP TRIGGER {trigger.name} ON {trigger.table}" for trigger in schema.triggers)
    yield from (f"DROP POLICY {policy.name} ON {policy.table}" for policy in schema.policies)
    yield from (f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}" for key in keys)
    if schema.has_identity:
        yield from _replace_identity()
    yield from (f"SELECT create_reference_table('{table}')" for table in schema.references)
    for table in schema.distributed:
        with_table = "none" if table == _PLACED_FIRST else _PLACED_FIRST
        yield f"SELECT create_distributed_table('{table}', 'tenant_id', colocate_with => '{with_table}')"
    # A key to a table that stays on the coordinator cannot be checked by the other servers.
    kept = [key for key in keys if {key.table, key.referenced} <= set(tables)]
    yield from (f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}" for key in kept)
    yield from (_on_rows(trigger) for trigger in schema.triggers if _is_kept(trigger))
    yield from (_setter(*setter) for setter in _SETTERS)
    yield from (f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in tables)


def removals(schema: Schema) -> Iterator[str]:
    """Yield what removes the rows that the coordinator has kept, each for a transaction of its own."""
    for table in (*schema.distributed, *schema.references):
        yield f"SELECT truncate_local_data_after_distributing_table('{table}')"


def losses(schema: Schema) -> list[str]:
    """Return what the database no longer checks once its tables are spread, each in a few words."""
    tables = {*schema.references, *schema.distributed}
    return [
        *(f"trigger {each.name} on {each.table}" for each in schema.triggers if not _is_kept(each)),
        *(f"policy {each.name} on {each.table}" for each in schema.policies),
        *(
            f"foreign key {key.name} of {key.table}"
            for key in schema.foreign_keys
            if key.table in tables and key.referenced not in tables
        ),
    ]


def _is_kept(trigger: Trigger) -> bool:
    return trigger.function in _KEPT_TRIGGER_FUNCTIONS


def _on_rows(trigger: Trigger) -> str:
    """Return the definition without TRUNCATE: Citus gives such a trigger to no server but the coordinator."""
    return re.sub(r" OR TRUNCATE\b|\bTRUNCATE OR ", "", trigger.definition)


def _replace_identity() -> Iterator[str]:
    """Yield what keeps the numbers of tenants in a sequence of its own: the application asks for each by its name."""
    yield "CREATE SEQUENCE tenants_kept_seq AS integer"
    yield "SELECT setval('tenants_kept_seq', last_value, is_called) FROM tenants_id_seq"
    yield "ALTER TABLE tenants ALTER COLUMN id DROP IDENTITY"
    yield "ALTER SEQUENCE tenants_kept_seq RENAME TO tenants_id_seq"
    yield "GRANT USAGE ON SEQUENCE tenants_id_seq TO lumira_app"


def _setter(name: str, argument: str, kind: str, setting: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}({argument} {kind}) RETURNS text LANGUAGE plpgsql VOLATILE AS "
        f"$$ BEGIN EXECUTE format('SET LOCAL {setting} = %L', coalesce({argument}::text, '')); "
        f"RETURN coalesce({argument}::text, ''); END $$"
    )
