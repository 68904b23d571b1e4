"""API keys are created, listed and revoked; each is shown once."""

import re

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry, KeyKind
from lumira.repositories import api_keys

pytestmark = pytest.mark.usefixtures("app_context")


def kind_of(key: str) -> KeyKind | None:
    with atomic(None):
        address = api_keys.find_address(key)
    assert address is not None
    with atomic(address.tenant_id):
        return api_keys.find_kind(address, key)


@pytest.mark.parametrize(("kind", "shape"), [("secret", "lum_sk_"), ("publishable", "lum_pk_")])
def test_a_new_key_is_the_only_output_and_works(run_flask, tenant, kind, shape):
    result = run_flask("keys", "create", tenant.slug, "--kind", kind)

    key = result.stdout.splitlines()[-1]
    assert re.fullmatch(shape + r"[0-9a-f]{16}[A-Za-z0-9_-]{43}", key)
    assert kind_of(key) == kind


def test_a_new_key_is_audited_without_its_secret_part(run_flask, tenant):
    key = run_flask("keys", "create", tenant.slug, "--kind", "secret").stdout.split()[-1]

    with atomic(tenant.id):
        [entry] = db.session.execute(select(AuditEntry)).scalars()
    assert (entry.action, entry.subject) == ("api_key_created", f"api_key:{key[7:23]}")


def test_the_list_shows_the_digits_that_revoke_accepts(run_flask, tenant):
    result = run_flask("keys", "list", tenant.slug)

    assert tenant.secret_key[7:23] in result.stdout
    assert tenant.publishable_key[7:23] in result.stdout
    assert tenant.secret_key[23:] not in result.stdout


@pytest.mark.parametrize("how", [lambda key: key[7:23], lambda key: key])
def test_a_revoked_key_no_longer_works_and_stays_listed(run_flask, tenant, how):
    result = run_flask("keys", "revoke", tenant.slug, how(tenant.secret_key))

    assert kind_of(tenant.secret_key) is None
    assert tenant.secret_key[23:] not in result.output
    [line] = [
        line for line in run_flask("keys", "list", tenant.slug).stdout.splitlines() if "revoked" in line
    ]
    assert line.startswith(tenant.secret_key[7:23])


def test_another_tenants_key_is_not_revoked(run_flask, tenant, other_tenant):
    run_flask("keys", "revoke", tenant.slug, other_tenant.secret_key[7:23], code=1)

    assert kind_of(other_tenant.secret_key) is KeyKind.SECRET


def test_an_unknown_kind_or_tenant_creates_no_key(run_flask, tenant):
    run_flask("keys", "create", tenant.slug, "--kind", "master", code=2)
    assert run_flask("keys", "create", "no-such", "--kind", "secret", code=1).stdout == ""
    run_flask("keys", "list", "no-such", code=1)
