"""Tenants are created, get their credentials and are listed; no secret is shown."""

import secrets

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from lumira import encryption
from lumira.database import atomic, db
from lumira.models import AuditEntry
from lumira.repositories.tenants import stripe_accounts, tenants
from tests.support.factories import figures
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

FIFTY_ONE_DOMAINS = [part for number in range(51) for part in ("--domain", f"s{number}.example")]


def unused_slug() -> str:
    return f"cli-{secrets.token_hex(6)}"


def id_of(slug: str) -> int:
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    assert tenant_id is not None
    return tenant_id


def webhook_secrets(tenant_id: int) -> set[str]:
    with atomic(tenant_id):
        return set(stripe_accounts.list_webhook_secrets(tenant_id))


def audited(tenant_id: int) -> list[AuditEntry]:
    with atomic(tenant_id):
        return list(db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars())


def test_a_created_tenant_has_the_given_values(run_flask):
    slug, prefix = unused_slug(), secrets.token_hex(4)

    result = run_flask(
        *("tenants", "create", slug, "--name", "Maison d'été", "--currency", "EUR"),
        *("--domain", f"{slug}.Example", "--domain", f"www.{slug}.example", "--order-prefix", prefix),
    )

    tenant_id = id_of(slug)
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        assert (tenant.name, tenant.currency, tenant.order_prefix) == ("Maison d'été", "eur", prefix.upper())
        assert tenants.list_domains(tenant_id) == [f"{slug}.example", f"www.{slug}.example"]
    assert prefix.upper() in result.stdout
    assert [(entry.actor, entry.action) for entry in audited(tenant_id)] == [("operator", "tenant_created")]


def test_tenants_with_similar_slugs_get_different_prefixes(run_flask):
    stem = secrets.token_hex(2)
    prefixes = set()
    for number in range(3):
        slug = f"{stem}-{number}"
        run_flask("tenants", "create", slug, "--name", "Maison", "--currency", "eur")
        tenant_id = id_of(slug)
        with atomic(tenant_id):
            prefixes.add(tenants.get(tenant_id).order_prefix)

    assert len(prefixes) == 3
    assert all(prefix.startswith(stem[:3].upper()) for prefix in prefixes)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("Nope", "--name", "N", "--currency", "eur"), "slug: Must be lower-case"),
        (("ok", "--name", "", "--currency", "eur"), "name: Must not be empty"),
        (("ok", "--name", "N", "--currency", "euro"), "currency: Must be an ISO code"),
        (("ok", "--name", "N", "--currency", "eur", "--order-prefix", "ABCDEFGHI"), "order_prefix: "),
        (("ok", "--name", "N", "--currency", "eur", "--domain", "https://x.example"), "domains[0]: "),
        (
            ("ok", "--name", "N", "--currency", "eur", *FIFTY_ONE_DOMAINS),
            "domains: Must be at most 50 domains.",
        ),
    ],
)
def test_an_invalid_tenant_is_one_line(run_flask, arguments, what):
    assert what in run_flask("tenants", "create", *arguments, code=1).stderr


def test_a_slug_is_used_once(run_flask, tenant):
    result = run_flask("tenants", "create", tenant.slug, "--name", "N", "--currency", "eur", code=1)

    assert f"A tenant {tenant.slug} exists already." in result.stderr


def test_a_domain_of_another_tenant_creates_nothing(run_flask, tenant):
    slug = unused_slug()

    run_flask(
        *("tenants", "create", slug, "--name", "N", "--currency", "eur", "--domain", tenant.domain), code=1
    )

    with atomic(None):
        assert tenants.find_id(slug) is None


def test_a_missing_option_is_a_usage_error(run_flask):
    run_flask("tenants", "create", unused_slug(), code=2)


def test_credentials_are_stored_and_not_shown(run_flask, make_brand):
    brand = make_brand(stripe=False)

    result = run_flask(
        *("tenants", "stripe", brand.slug, "--secret-key", "sk_test_a1b2c3", "--publishable-key"),
        *("pk_test_a1b2c3", "--webhook-secret", "whsec_a1b2c3", "--stripe-account", "acct_1"),
    )

    with atomic(brand.id):
        account = stripe_accounts.get_account(brand.id)
        assert (account.secret_key, account.stripe_account) == ("sk_test_a1b2c3", "acct_1")
        assert tenants.get(brand.id).stripe_publishable_key == "pk_test_a1b2c3"
    assert webhook_secrets(brand.id) == {"whsec_a1b2c3"}
    assert "a1b2c3" not in result.output
    assert "test key, 1 webhook secret" in result.stdout
    [entry] = audited(brand.id)
    assert entry.action == "stripe_credentials_set"
    assert "a1b2c3" not in str(entry.details)


def test_dashes_are_read_from_stdin_in_the_order_of_the_options(run_flask, make_brand):
    brand = make_brand(stripe=False)

    result = run_flask(
        *("tenants", "stripe", brand.slug, "--webhook-secret", "-", "--publishable-key", "-"),
        *("--add-webhook-secret", "-", "--secret-key", "-", "--add-webhook-secret", "-"),
        stdin="whsec_1\npk_test_piped\nwhsec_2\nwhsec_3\nsk_test_piped\n",
    )

    with atomic(brand.id):
        assert stripe_accounts.get_account(brand.id).secret_key == "sk_test_piped"
        assert tenants.get(brand.id).stripe_publishable_key == "pk_test_piped"
    assert webhook_secrets(brand.id) == {"whsec_1", "whsec_2", "whsec_3"}
    assert "piped" not in result.output


@pytest.mark.parametrize("stdin", ["", "\n", "sk_test_only\n"])
def test_a_line_that_is_missing_on_stdin_is_a_usage_error(run_flask, make_brand, stdin):
    brand = make_brand(stripe=False)

    result = run_flask(
        *("tenants", "stripe", brand.slug, "--secret-key", "-", "--publishable-key", "-"),
        stdin=stdin,
        code=2,
    )

    assert "expected a line on stdin" in result.stderr
    with atomic(brand.id):
        assert stripe_accounts.find_account(brand.id) is None


def test_webhook_secrets_are_added_dropped_and_replaced(run_flask, tenant):
    run_flask("tenants", "stripe", tenant.slug, "--add-webhook-secret", "whsec_a")
    run_flask("tenants", "stripe", tenant.slug, "--add-webhook-secret", "whsec_a")
    assert webhook_secrets(tenant.id) == {tenant.webhook_secret, "whsec_a"}

    run_flask("tenants", "stripe", tenant.slug, "--drop-webhook-secret", tenant.webhook_secret)
    assert webhook_secrets(tenant.id) == {"whsec_a"}

    run_flask("tenants", "stripe", tenant.slug, "--webhook-secret", "whsec_b")
    assert webhook_secrets(tenant.id) == {"whsec_b"}


def test_dropping_an_unknown_secret_changes_nothing(run_flask, tenant):
    result = run_flask(
        *("tenants", "stripe", tenant.slug, "--webhook-secret", "whsec_new"),
        *("--drop-webhook-secret", "whsec_typo"),
        code=1,
    )

    assert "nothing was changed" in result.stderr
    assert "typo" not in result.output
    assert webhook_secrets(tenant.id) == {tenant.webhook_secret}


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("--secret-key", "pk_test_x", "begins with sk_ or rk_"),
        ("--publishable-key", "sk_test_x", "begins with pk_"),
        ("--webhook-secret", "sk_test_x", "begins with whsec_"),
        ("--add-webhook-secret", "x", "begins with whsec_"),
        ("--stripe-account", "x", "begins with acct_"),
    ],
)
def test_a_misplaced_credential_is_refused_without_being_printed(run_flask, tenant, option, value, what):
    result = run_flask("tenants", "stripe", tenant.slug, option, value, code=1)

    assert what in result.stderr
    assert value not in result.output or value == "x"


def test_setting_nothing_is_a_usage_error(run_flask, tenant):
    assert "Nothing to do" in run_flask("tenants", "stripe", tenant.slug, code=2).stderr


def test_credentials_of_an_unknown_tenant_are_refused(run_flask):
    result = run_flask("tenants", "stripe", "no-such", "--secret-key", "sk_test_x", code=1)

    assert "There is no tenant no-such" in result.stderr


def test_the_list_shows_every_tenant_and_no_secret(run_flask, tenant, make_brand):
    bare = make_brand(stripe=False)

    result = run_flask("tenants", "list")

    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "test key, 1 webhook secret" in lines[tenant.slug]
    assert tenant.domain in lines[tenant.slug]
    assert "no key, no publishable key, 0 webhook secrets" in lines[bare.slug]
    for secret in (tenant.stripe_secret_key, tenant.stripe_publishable_key, tenant.webhook_secret):
        assert secret not in result.output


@pytest.mark.parametrize("unseen", [" ", "\r", "\u00a0", "\u200b"])
def test_a_copied_secret_works_whatever_it_carries_unseen(run_flask, make_brand, unseen):
    brand = make_brand(stripe=False)

    run_flask(
        *("tenants", "stripe", brand.slug, "--secret-key", f"sk_test_1{unseen}"),
        *("--webhook-secret", f"{unseen}whsec_1{unseen}", "--add-webhook-secret", f"whsec_1{unseen}"),
    )

    with atomic(brand.id):
        assert stripe_accounts.get_account(brand.id).secret_key == "sk_test_1"
    assert webhook_secrets(brand.id) == {"whsec_1"}
    run_flask("tenants", "stripe", brand.slug, "--drop-webhook-secret", f"whsec_1{unseen}")
    assert webhook_secrets(brand.id) == set()


def test_keys_of_two_modes_are_never_stored_together(run_flask, make_brand):
    brand = make_brand(stripe=False)
    both = ("tenants", "stripe", brand.slug, "--secret-key", "sk_test_1", "--publishable-key")

    assert "one mode" in run_flask(*both, "pk_live_1", code=1).stderr
    run_flask(*both, "pk_test_1")
    for option, key in (("--secret-key", "rk_live_1"), ("--publishable-key", "pk_live_1")):
        assert "one mode" in run_flask("tenants", "stripe", brand.slug, option, key, code=1).stderr
    run_flask("tenants", "stripe", brand.slug, "--secret-key", "sk_live_1", "--publishable-key", "pk_live_1")

    with atomic(brand.id):
        assert stripe_accounts.get_account(brand.id).livemode


def test_going_live_returns_the_units_that_test_sales_took_from_stock_once(run_flask, tenant, app_context):
    live = ("--secret-key", "sk_live_1", "--publishable-key", "pk_live_1")
    pay(tenant, "shirt", quantity=2)

    output = run_flask("tenants", "stripe", tenant.slug, *live).stdout

    assert "Test sales took 2 of shirt from stock: returned.\n" in output
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert "Test sales" not in run_flask("tenants", "stripe", tenant.slug, *live).stdout


def test_credentials_encrypted_with_a_lost_key_are_shown_as_such_and_can_be_entered_again(
    run_flask, tenant, settings
):
    encryption.configure((Fernet.generate_key().decode(),))
    try:
        lines = {
            line.split()[0]: line for line in run_flask("tenants", "list").stdout.splitlines() if line.strip()
        }
        assert "LUMIRA_ENCRYPTION_KEYS does not decrypt" in lines[tenant.slug]
        run_flask("tenants", "stripe", tenant.slug, "--secret-key", "sk_test_1")

        run_flask("tenants", "stripe", tenant.slug, "--webhook-secret", "whsec_1")

        assert webhook_secrets(tenant.id) == {"whsec_1"}
    finally:
        encryption.configure(settings.encryption_keys)
        # The other tests of this process find readable credentials only.
        run_flask(
            *("tenants", "stripe", tenant.slug, "--secret-key", "sk_test_1", "--webhook-secret", "whsec_1")
        )


def test_the_webhook_of_a_team_is_read_from_stdin_and_never_shown(run_flask, tenant):
    done = run_flask("tenants", "webhook", tenant.slug, "--url", "-", stdin="https://127.0.0.1/SECRET\n")
    assert "alerts are posted" in done.output
    tested = run_flask("tenants", "webhook", tenant.slug, "--test", code=1)
    assert "not public" in tested.output
    removed = run_flask("tenants", "webhook", tenant.slug, "--remove")
    assert "was removed" in removed.output
    assert "SECRET" not in done.output + tested.output + removed.output
    run_flask("tenants", "webhook", tenant.slug, code=2)
