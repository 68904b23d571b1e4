"""A new table of tenants, created as migrations create one, in a database of one server and in a cluster."""

from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine, text

from config.settings import Settings
from lumira.database import Base
from lumira.domain import distribution
from lumira.repositories.installation.distribution import read_schema
from migrations.columns import identity, references, uuid
from migrations.tenant_tables import create_tenant_table

#: What a cluster has, as far as a migration asks for it.
_CLUSTER = """
    CREATE TABLE pg_dist_partition (logicalrelid regclass);
    INSERT INTO pg_dist_partition VALUES ('orders');
    CREATE TABLE noted_calls (call text);
    CREATE FUNCTION create_distributed_table(name text, by text, colocate_with text) RETURNS void LANGUAGE sql AS $$
        INSERT INTO noted_calls SELECT format('%s by %s with %s, keys: %s', name, by, colocate_with,
            (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = name::regclass)) $$;
"""


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    """The owner's connection in a transaction, which is rolled back."""
    engine = create_engine(settings.database_owner_url)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def _create(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
    with Operations.context(context):
        create_tenant_table("parcel_photos", *identity(), uuid("order_id"), references("orders", "order_id"))


def test_a_new_table_has_its_keys_and_shows_a_tenant_its_own_rows(connection: Connection) -> None:
    _create(connection)

    schema = read_schema(connection, is_cluster=False)
    assert "parcel_photos" in schema.distributed
    assert distribution.unplaceable(schema) == []
    keys = {key.name: key.definition for key in schema.foreign_keys if key.table == "parcel_photos"}
    assert keys == {
        "fk_parcel_photos_tenant_id": "FOREIGN KEY (tenant_id) REFERENCES tenants(id)",
        "fk_parcel_photos_tenant_id_order_id": "FOREIGN KEY (tenant_id, order_id) REFERENCES orders(tenant_id, id)",
    }
    is_forced = text("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'parcel_photos'")
    assert connection.execute(is_forced).scalar_one()


def test_in_a_cluster_a_new_table_is_spread_before_it_has_keys(connection: Connection) -> None:
    connection.execute(text(_CLUSTER))
    _create(connection)
    called = connection.execute(text("SELECT call FROM noted_calls")).scalars().all()
    assert called == ["parcel_photos by tenant_id with orders, keys: 0"]


def test_a_key_without_the_tenant_is_found(connection: Connection) -> None:
    _create(connection)
    connection.execute(text("ALTER TABLE parcel_photos ADD UNIQUE (order_id)"))
    schema = read_schema(connection, is_cluster=False)
    assert distribution.unplaceable(schema) == ["parcel_photos.parcel_photos_order_id_key"]
