"""API keys are created, listed, replaced and revoked; each is shown once."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lumira import tenancy
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import AuditEntry, KeyKind
from lumira.repositories.tenants import api_keys

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


def rotated(run_flask, tenant, *options: str) -> str:
    return run_flask("keys", "rotate", tenant.slug, tenant.secret_key[7:23], *options).stdout.splitlines()[-1]


def listed(run_flask, tenant, key: str) -> str:
    lines = run_flask("keys", "list", tenant.slug).stdout.splitlines()
    return next(line for line in lines if line.startswith(key[7:23]))


def test_a_replaced_key_works_for_the_overlap_and_then_is_refused_with_a_message(run_flask, app, tenant):
    new = rotated(run_flask, tenant, "--overlap", "12h")

    assert new.startswith("lum_sk_")
    old = {"Authorization": f"Bearer {tenant.secret_key}"}
    with time_machine.travel(utc_now(), tick=True) as clock:
        # Each is a new process, which has cached no key.
        for hours, status in ((11, 200), (2, 401)):
            clock.shift(timedelta(hours=hours))
            tenancy.init_app(app)
            client = app.test_client()
            reply = client.get("/api/orders", headers=old)
            assert reply.status_code == status
            assert client.get("/api/orders", headers={"Authorization": f"Bearer {new}"}).status_code == 200
    assert "has expired: send the key that replaced it" in reply.json["message"]


def test_the_list_shows_until_when_a_replaced_key_works(run_flask, tenant):
    assert "active" in listed(run_flask, tenant, tenant.secret_key)
    new = rotated(run_flask, tenant)
    state = listed(run_flask, tenant, tenant.secret_key)
    assert "expires 20" in state
    assert state.endswith(f"replaced by {new[7:23]}")
    assert "active" in listed(run_flask, tenant, new)
    with time_machine.travel(utc_now() + timedelta(hours=25)):
        assert "expired 20" in listed(run_flask, tenant, tenant.secret_key)


def test_a_replacement_is_audited_with_both_keys_and_without_a_secret(run_flask, tenant):
    new = rotated(run_flask, tenant)
    with atomic(tenant.id):
        [entry] = db.session.execute(select(AuditEntry)).scalars()
    assert (entry.action, entry.subject) == ("api_key_rotated", f"api_key:{tenant.secret_key[7:23]}")
    assert entry.details["replaced_by"] == new[7:23]
    assert new[23:] not in str(entry.details)


def test_a_key_is_replaced_once_by_a_key_of_its_kind(run_flask, tenant):
    new = rotated(run_flask, tenant)
    assert kind_of(new) is KeyKind.SECRET
    again = run_flask("keys", "rotate", tenant.slug, tenant.secret_key, code=1)
    assert f"was replaced by {new[7:23]} already" in again.stderr
    assert tenant.secret_key[23:] not in again.output
    newer = run_flask("keys", "rotate", tenant.slug, new, "--overlap", "0m").stdout.splitlines()[-1]
    assert (kind_of(new), kind_of(newer)) == (None, KeyKind.SECRET)


def test_a_key_that_is_revoked_unknown_or_another_tenants_is_not_replaced(run_flask, tenant, other_tenant):
    run_flask("keys", "revoke", tenant.slug, tenant.secret_key)
    for key in (tenant.secret_key, other_tenant.secret_key, "0" * 16):
        assert run_flask("keys", "rotate", tenant.slug, key, code=1).stdout == ""
    assert kind_of(other_tenant.secret_key) is KeyKind.SECRET


@pytest.mark.parametrize("overlap", ["31d", "soon", "-1h"])
def test_an_overlap_that_is_too_long_or_no_duration_replaces_nothing(run_flask, tenant, overlap):
    run_flask("keys", "rotate", tenant.slug, tenant.secret_key, "--overlap", overlap, code=2)
    assert "active" in listed(run_flask, tenant, tenant.secret_key)


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = now()",
        "replaced_by_id = id, expires_at = now()",
        "expires_at = created_at - interval '1 s', replaced_by_id = (SELECT id FROM api_keys WHERE kind <> k.kind)",
    ],
)
def test_the_database_refuses_an_expiry_without_another_key_or_before_the_key_was_made(tenant, change):
    with pytest.raises(IntegrityError), atomic(tenant.id):
        db.session.execute(db.text(f"UPDATE api_keys k SET {change} WHERE kind = 'secret'"))  # noqa: S608
