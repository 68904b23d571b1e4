"""The name of a violated constraint, from one server and from a server of a cluster."""

from types import SimpleNamespace

import pytest
from sqlalchemy.exc import IntegrityError

from lumira.database_failures import constraint_of, is_lost, is_of_other_server


def _error(message: str, *, name: str | None = None, sqlstate: str = "23505") -> IntegrityError:
    diagnostics = SimpleNamespace(constraint_name=name, message_primary=message)
    original = type("Failure", (Exception,), {"diag": diagnostics, "sqlstate": sqlstate})()
    return IntegrityError(None, None, original)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (
            'duplicate key value violates unique constraint "uq_tenants_order_prefix_102008"',
            "uq_tenants_order_prefix",
        ),
        (
            'insert or update on table "orders_102040" violates foreign key constraint "fk_orders_tenant_id_102040"',
            "fk_orders_tenant_id",
        ),
        # A check keeps its name on a shard.
        (
            'new row for relation "tenants_102008" violates check constraint "ck_tenants_currency_is_iso"',
            "ck_tenants_currency_is_iso",
        ),
        # A number in the name itself is shorter than that of any shard.
        ('duplicate key value violates unique constraint "uq_orders_2026"', "uq_orders_2026"),
        ("division by zero", ""),
    ],
)
def test_the_name_is_read_from_the_message_of_another_server(message: str, name: str) -> None:
    assert constraint_of(_error(message)) == name


def test_the_field_with_the_name_is_used_where_there_is_one() -> None:
    assert constraint_of(_error("localised", name="uq_tenants_slug")) == "uq_tenants_slug"


def test_an_error_without_fields_names_no_constraint() -> None:
    assert constraint_of(IntegrityError(None, None, Exception("lost"))) == ""


def test_an_absent_server_is_no_violated_constraint() -> None:
    absent = _error("connection to the remote node db-2:5432 failed", sqlstate="08006")
    assert is_of_other_server(absent)
    assert is_lost(absent)
    assert not is_of_other_server(_error("duplicate"))
    assert not is_lost(_error("duplicate"))
