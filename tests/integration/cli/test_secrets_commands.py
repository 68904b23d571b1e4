"""`flask secrets rotate`: afterwards every secret can be read with the first key alone."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import LargeBinary, select

from config.settings import Settings
from lumira import encryption
from lumira.database import Base, atomic, db
from lumira.models import AuditEntry
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.sealed_columns import OF_OPERATORS, OF_TENANTS
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.services.encrypted_secrets import rotate_secrets as rotating
from tests.integration.cli.conftest import RunFlask
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, make_command

pytestmark = pytest.mark.usefixtures("app_context")

NEW = Fernet.generate_key().decode()


@pytest.fixture
def new_key_first(settings: Settings) -> Iterator[None]:
    """As after a restart with a new key before the old ones."""
    encryption.configure((NEW, *settings.encryption_keys))
    yield
    encryption.configure((NEW, *settings.encryption_keys))


@pytest.fixture(autouse=True)
def all_keys(settings: Settings) -> Iterator[None]:
    """Decrypt what these tests encrypted: they share a database."""
    yield
    encryption.configure((*settings.encryption_keys, NEW))


def open_payment(brand: Brand, key: str) -> str:
    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=key)
    return create_payment_intent(brand.id, call=call, command=make_command("mystique")).value.order_number


def test_after_a_rotation_the_old_key_can_be_removed(
    run_flask: RunFlask, app: Flask, tenant: Brand, new_key_first: None, settings: Settings
) -> None:
    encryption.configure(settings.encryption_keys)
    operator, key = make_operator(tenant), str(uuid4())
    number = open_payment(tenant, key)
    encryption.configure((NEW, *settings.encryption_keys))

    printed = run_flask("secrets", "rotate").stdout

    assert "operator_credentials.totp_secret_sealed: " in printed
    encryption.configure((NEW,))
    account = stripe_accounts_of(tenant)
    assert account == (tenant.stripe_secret_key, [tenant.webhook_secret])
    assert open_payment(tenant, key) == number
    assert sign_in(app, operator).get(f"/dashboard/{tenant.slug}").status_code == 200


def stripe_accounts_of(brand: Brand) -> tuple[str, list[str]]:
    with atomic(brand.id):
        return (
            stripe_accounts.get_account(brand.id).secret_key,
            stripe_accounts.list_webhook_secrets(brand.id),
        )


def test_a_second_rotation_finds_nothing_to_do(
    run_flask: RunFlask, tenant: Brand, new_key_first: None
) -> None:
    run_flask("secrets", "rotate")

    printed = run_flask("secrets", "rotate").stdout

    assert "encrypted again" not in printed
    assert "secrets are encrypted with the first key" in printed


def test_a_rotation_is_audited_once(run_flask: RunFlask, tenant: Brand, new_key_first: None) -> None:
    run_flask("secrets", "rotate")
    run_flask("secrets", "rotate")

    with atomic(tenant.id):
        query = select(AuditEntry.details).where(AuditEntry.action == "secrets_encrypted_again")
        [details] = db.session.execute(query).scalars()
    assert details["secrets"] == 2


def test_a_dry_run_counts_and_changes_nothing(
    run_flask: RunFlask, tenant: Brand, new_key_first: None
) -> None:
    counted = run_flask("secrets", "rotate", "--dry-run").stdout

    assert "webhook_secrets.sealed: " in counted
    assert "Nothing was changed" in counted
    assert run_flask("secrets", "rotate", "--dry-run").stdout == counted


def test_what_no_key_decrypts_is_reported_and_the_rest_is_encrypted_again(
    run_flask: RunFlask, tenant: Brand, new_key_first: None, settings: Settings
) -> None:
    with atomic(tenant.id):
        encryption.configure((Fernet.generate_key().decode(),))
        stripe_accounts.add_webhook_secret(tenant.id, f"whsec_{uuid4().hex}")
        encryption.configure((NEW, *settings.encryption_keys))

    result = run_flask("secrets", "rotate", code=1)

    assert "webhook_secrets.sealed: 1 that no key of LUMIRA_ENCRYPTION_KEYS decrypts" in result.stdout
    assert "cannot be decrypted" in result.stderr
    encryption.configure((NEW,))
    with atomic(tenant.id):
        assert stripe_accounts.get_account(tenant.id).secret_key == tenant.stripe_secret_key
        remove_unreadable(tenant)


def remove_unreadable(brand: Brand) -> None:
    newest = stripe_accounts.WebhookSecret.id.desc()
    query = select(stripe_accounts.WebhookSecret).order_by(newest).limit(1)
    db.session.delete(db.session.execute(query).scalar_one())


def test_an_interrupted_rotation_is_continued(
    tenant: Brand, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        open_payment(tenant, str(uuid4()))
    encryption.configure((NEW, *settings.encryption_keys))
    monkeypatch.setattr(rotating, "_PAGE", 2)
    real, rotated = encryption.reseal, []

    def interrupted(sealed: bytes) -> bytes | None:
        if len(rotated) == 3:
            raise KeyboardInterrupt
        rotated.append(sealed)
        return real(sealed)

    monkeypatch.setattr(encryption, "reseal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rotating.rotate_secrets(tenant.id, actor="test")
    monkeypatch.setattr(encryption, "reseal", real)

    assert rotating.rotate_secrets(tenant.id, actor="test").encrypted == {"idempotency_keys.reply_sealed": 3}


def test_every_encrypted_column_is_rotated() -> None:
    encrypted = {
        f"{mapper.class_.__tablename__}.{column.key}"
        for mapper in Base.registry.mappers
        for column in mapper.columns
        if isinstance(column.type, LargeBinary) and "sealed" in column.key
    }

    assert {column.name for column in (*OF_TENANTS, OF_OPERATORS)} == encrypted
