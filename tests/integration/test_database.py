"""Only `atomic` commits; no query runs outside it, and no network call inside it."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from lumira import encryption
from lumira.clients import stripe_client
from lumira.database import InsideTransaction, atomic, db
from lumira.models import Tenant
from lumira.repositories.tenants import stripe_accounts, tenants
from tests.support import stripe_sandbox

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_query_outside_a_transaction_fails_at_once() -> None:
    with pytest.raises(InvalidRequestError):
        db.session.execute(select(Tenant))


def test_transactions_do_not_nest(tenant) -> None:
    with atomic(tenant.id), pytest.raises(InsideTransaction), atomic(tenant.id):
        pytest.fail("nested")


def test_an_exception_rolls_everything_back(tenant) -> None:
    def rename_and_fail() -> None:
        with atomic(tenant.id):
            tenants.get(tenant.id).name = "Changed"
            db.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rename_and_fail()
    with atomic(tenant.id):
        assert tenants.get(tenant.id).name == tenant.name


def test_no_object_of_one_transaction_is_returned_in_the_next(tenant) -> None:
    with atomic(tenant.id):
        earlier = tenants.get(tenant.id)
    with atomic(tenant.id):
        assert tenants.get(tenant.id) is not earlier


def test_stripe_is_not_called_inside_a_transaction(tenant) -> None:
    with atomic(tenant.id), pytest.raises(InsideTransaction):
        stripe_client.get_payment_intent(stripe_accounts.get_account(tenant.id), "pi_1")
    assert stripe_sandbox.requests_made(tenant, "GET", "/v1/payment_intents/pi_1") == []


def test_stripe_keys_and_webhook_secrets_are_encrypted_at_rest(tenant) -> None:
    with atomic(tenant.id):
        row = db.session.execute(select(Tenant)).scalar_one()
        assert tenant.stripe_secret_key.encode() not in row.stripe_secret_key_sealed
        assert stripe_accounts.get_account(tenant.id).secret_key == tenant.stripe_secret_key
        assert stripe_accounts.list_webhook_secrets(tenant.id) == [tenant.webhook_secret]


def test_a_secret_copied_to_another_tenant_cannot_be_decrypted(tenant, other_tenant) -> None:
    sealed = encryption.seal("text", tenant_id=tenant.id, purpose="a")
    assert encryption.unseal(sealed, tenant_id=tenant.id, purpose="a") == "text"
    for tenant_id, purpose in ((other_tenant.id, "a"), (tenant.id, "b")):
        with pytest.raises(encryption.DecryptionError):
            encryption.unseal(sealed, tenant_id=tenant_id, purpose=purpose)


def test_a_table_that_is_still_small_is_read_by_its_index(tenant) -> None:
    with atomic(tenant.id) as session:
        connection = session.connection()
        connection.exec_driver_sql("CREATE TEMP TABLE few (id integer PRIMARY KEY) ON COMMIT DROP")
        connection.exec_driver_sql("INSERT INTO few VALUES (1), (2)")
        connection.exec_driver_sql("ANALYZE few")
        plan = connection.exec_driver_sql("EXPLAIN SELECT * FROM few WHERE id = 1")
        assert "Seq Scan" not in str(plan.all())
