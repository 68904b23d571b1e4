"""`flask tenants …`: brands and their Stripe credentials."""

import getpass
import io
import sys

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.errors.stripe import StripeConfigError
from lumira.errors.tenants import TenantNameTaken, TenantNotFound
from lumira.models import TeamWebhookFormat, Tenant
from lumira.repositories.audit import audit
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants import tenants as tenant_rows
from lumira.schemas.catalog_file import parse_tenant
from lumira.services.tenants.change_team_webhook import post_test, remove_team_webhook, set_team_webhook
from lumira.services.tenants.end_test_sales import ReturnedUnits, end_test_sales

tenants = AppGroup("tenants", help="Brands and their Stripe credentials.")

_ACTOR = "operator"


class Secret(click.ParamType[str]):
    """A secret, or `-` to read it from the next line of stdin, where no process list shows it."""

    name = "secret"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != "-":
            return value
        option = param.opts[0] if param else "the secret"
        # At a terminal the input is hidden; from a pipe one line is read.
        # A closed stdin is None and has no line.
        stdin = sys.stdin or io.StringIO()
        line = getpass.getpass(f"{option}: ") if stdin.isatty() else stdin.readline()
        if not line.strip():
            self.fail("expected a line on stdin, but there is none.", param, ctx)
        return line.strip()


def tenant_id_of(slug: str) -> int:
    """Return the id of the tenant with this slug; raises `TenantNotFound`."""
    with atomic(None):
        tenant_id = tenant_rows.find_id(slug)
    if tenant_id is None:
        raise TenantNotFound(f"There is no tenant {slug}: see `flask tenants list`.")
    return tenant_id


@tenants.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The name of the brand that buyers see.")
@click.option("--currency", required=True, help="The currency of all its prices, such as eur.")
@click.option("--domain", "domains", multiple=True, help="A host name of the brand; may be repeated.")
@click.option("--order-prefix", help="First part of its order numbers. [default: derived from the slug]")
def create(slug: str, name: str, currency: str, domains: tuple[str, ...], order_prefix: str | None) -> None:
    """Create the tenant SLUG. Slug, currency and order prefix never change afterwards.

    Example: flask tenants create boutique --name "Atelier" --currency eur
    """
    values = {"slug": slug, "name": name, "currency": currency, "domains": list(domains)}
    parsed = parse_tenant(values | ({"order_prefix": order_prefix.upper()} if order_prefix else {}))
    with atomic(None):
        if tenant_rows.find_id(slug) is not None:
            raise TenantNameTaken(f"A tenant {slug} exists already.")
        tenant_id = tenant_rows.reserve_id()
    with atomic(tenant_id):
        tenant = tenant_rows.create(
            tenant_id,
            slug=slug,
            name=parsed["name"],
            currency=parsed["currency"],
            order_prefix=parsed["order_prefix"],
        )
        tenant_rows.set_domains(tenant_id, list(parsed["domains"]))
        audit.record(tenant_id, actor=_ACTOR, action="tenant_created", subject="tenant", slug=slug)
    click.echo(f"{slug}: created; its order numbers begin with {tenant.order_prefix}-.")


@tenants.command("stripe")
@click.argument("slug")
@click.option("--secret-key", type=Secret(), help="Stripe's sk_… or rk_….")
@click.option("--publishable-key", type=Secret(), help="Stripe's pk_….")
@click.option("--webhook-secret", type=Secret(), help="whsec_…; replaces all webhook secrets.")
@click.option("--add-webhook-secret", "added", type=Secret(), multiple=True, help="whsec_…; may be repeated.")
@click.option(
    "--drop-webhook-secret", "dropped", type=Secret(), multiple=True, help="whsec_…; may be repeated."
)
@click.option("--stripe-account", help="acct_…, if the brand is a Connect account of the key's platform.")
def stripe(
    *,
    slug: str,
    secret_key: str | None,
    publishable_key: str | None,
    webhook_secret: str | None,
    added: tuple[str, ...],
    dropped: tuple[str, ...],
    stripe_account: str | None,
) -> None:
    """Set the Stripe credentials of the tenant SLUG; the others stay as they are.

    A secret of - is read from stdin: one line each, in the order of the options.

    Example: flask tenants stripe boutique --secret-key - --publishable-key -
    """
    options = {
        "secret_key": secret_key,
        "publishable_key": publishable_key,
        "webhook_secret": webhook_secret,
        "added_webhook_secrets": added,
        "dropped_webhook_secrets": dropped,
        "stripe_account": stripe_account,
    }
    changed = [name for name, value in options.items() if value]
    if not changed:
        raise click.UsageError("Nothing to do: name a key, a webhook secret or an account.")
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        tenant = tenant_rows.lock(tenant_id)
        stripe_accounts.set_keys(
            tenant, secret_key=secret_key, publishable_key=publishable_key, stripe_account=stripe_account
        )
        _change_webhook_secrets(tenant, replacement=webhook_secret, added=added, dropped=dropped)
        audit.record(
            tenant_id, actor=_ACTOR, action="stripe_credentials_set", subject="tenant", credentials=changed
        )
        state = _stripe_state(tenant)
    click.echo(f"{slug}: {state}.")
    # Nothing unless the tenant sells live. If this process dies here, a worker continues.
    _report_units(end_test_sales(tenant_id, actor=_ACTOR))


def _report_units(units: ReturnedUnits) -> None:
    for product_id, number in sorted(units.returned.items()):
        click.echo(f"Test sales took {number} of {product_id} from stock: returned.")
    for product_id, number in sorted(units.counted.items()):
        click.echo(
            f"Test sales took {number} of {product_id} from stock: not returned, because its units on hand were "
            f"counted since."
        )


def _change_webhook_secrets(
    tenant: Tenant, *, replacement: str | None, added: tuple[str, ...], dropped: tuple[str, ...]
) -> None:
    if replacement is not None:
        stripe_accounts.replace_webhook_secrets(tenant.id, replacement)
    for secret in added:
        stripe_accounts.add_webhook_secret(tenant.id, secret)
    for secret in dropped:
        if not stripe_accounts.remove_webhook_secret(tenant.id, secret):
            # A mistyped secret would leave a leaked one in force, so the whole change is refused.
            raise NotFound(f"{tenant.slug} has no such webhook secret; nothing was changed.")


def _stripe_state(tenant: Tenant) -> str:
    """Return which credentials a tenant has, without showing any; inside its transaction."""
    try:
        account = stripe_accounts.find_account(tenant.id)
        secrets = len(stripe_accounts.list_webhook_secrets(tenant.id))
    except StripeConfigError:
        return "credentials that LUMIRA_ENCRYPTION_KEYS does not decrypt: enter all of them again"
    mode = "no key" if account is None else "live key" if account.livemode else "test key"
    page = "" if tenant.stripe_publishable_key else ", no publishable key"
    if tenant.removed_at is not None:
        return "removed: it sells in another installation"
    frozen = "" if tenant.frozen_at is None else "frozen, "
    return f"{frozen}{mode}{page}, {secrets} webhook secret{'' if secrets == 1 else 's'}"


@tenants.command("webhook")
@click.argument("slug")
@click.option(
    "--url", type=Secret(), help="https://…, of Slack, Mattermost or your own; - reads it from stdin."
)
@click.option(
    "--format",
    "shape",
    type=click.Choice([each.value for each in TeamWebhookFormat]),
    default=TeamWebhookFormat.TEXT.value,
    show_default=True,
    help="text as Slack and Mattermost accept it, or json with each part of an alert.",
)
@click.option("--remove", "is_removed", is_flag=True, help="Post nothing more.")
@click.option("--test", "is_tested", is_flag=True, help="Post a test.")
def webhook(*, slug: str, url: str | None, shape: str, is_removed: bool, is_tested: bool) -> None:
    """Set, remove or test the webhook to which the alerts of the tenant SLUG are posted.

    Example: flask tenants webhook boutique --url - --test
    """
    if bool(url) == is_removed and not (is_tested and not url):
        raise click.UsageError("Name one of --url and --remove, or --test.")
    tenant_id = tenant_id_of(slug)
    if url:
        set_team_webhook(tenant_id, url, TeamWebhookFormat(shape), actor=_ACTOR)
        click.echo(f"{slug}: alerts are posted to the webhook.")
    if is_removed:
        is_changed = remove_team_webhook(tenant_id, actor=_ACTOR)
        click.echo(f"{slug}: {'the webhook was removed' if is_changed else 'there was no webhook'}.")
    if is_tested:
        failure = post_test(tenant_id)
        if failure is not None:
            raise click.ClickException(f"The webhook did not accept the test. {failure}")
        click.echo(f"{slug}: the webhook accepted the test.")


@tenants.command("list")
def list_tenants() -> None:
    """Show all tenants and whether they can take payments.

    Example: flask tenants list
    """
    with atomic(None):
        ids = tenant_rows.list_ids()
    rows = []
    for tenant_id in ids:
        with atomic(tenant_id):
            tenant = tenant_rows.get(tenant_id)
            rows.append(
                (
                    tenant.slug,
                    tenant.name,
                    tenant.currency.upper(),
                    tenant.order_prefix,
                    _stripe_state(tenant),
                    ", ".join(tenant_rows.list_domains(tenant_id)),
                )
            )
    echo_table(("SLUG", "NAME", "CURRENCY", "PREFIX", "STRIPE", "DOMAINS"), rows)
