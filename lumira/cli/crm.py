"""`flask crm …`: the connection of a tenant to Dolibarr."""

from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import Secret, tenant_id_of
from lumira.clients.dolibarr import DolibarrError, DolibarrRefused
from lumira.database import atomic
from lumira.domain.crm.findings import CrmFinding, has_fault
from lumira.domain.crm.settings import CrmSettings, read_rates, stored_url, written_rates
from lumira.domain.crm.texts import text_of
from lumira.errors.crm import CrmNotConnected
from lumira.models import Language, LostDisputePolicy
from lumira.services.crm.change_connection import remove_connection, set_connection, switch_off, switch_on
from lumira.services.crm.check_connection import check_connection
from lumira.services.crm.set_up import SetUpStep, set_up_crm
from lumira.services.crm.view_connection import ConnectionView, view_connection

crm = AppGroup("crm", help="The connection of a tenant to Dolibarr.")

_ACTOR = "operator"
_POLICIES = [str(policy) for policy in LostDisputePolicy]
_PROBLEMS = {
    "not_found": "was not found in Dolibarr",
    "not_unique": "is not unique: open its definition in Dolibarr and tick “Unique”",
}
_STEPS = {
    "extra_field": "extra field lumira_id of",
    "bank_account": "bank account",
    "payment_type": "payment type",
}


@crm.command("connect")
@click.argument("slug")
@click.option("--url", help="Where Dolibarr opens, such as https://dolibarr.example.com.")
@click.option("--api-key", type=Secret(), help="The key of Lumira's user in Dolibarr; - reads it from stdin.")
@click.option(
    "--entity", type=click.IntRange(min=1), help="The company, with Dolibarr's multi-company module."
)
@click.option("--bank-account", type=click.IntRange(min=1), help="Dolibarr's id of the bank account.")
@click.option("--payment-type", type=click.IntRange(min=1), help="Dolibarr's id of the means of payment.")
@click.option("--category", type=click.IntRange(min=1), help="Dolibarr's id of a category for new customers.")
@click.option("--vat-rate", "rates", multiple=True, help="PRODUCT=PERCENT, such as tea=5.5; may be repeated.")
@click.option(
    "--lost-disputes",
    type=click.Choice(_POLICIES),
    help="What a lost dispute becomes: a paid out credit note, or nothing but a task for an operator.",
)
@click.option(
    "--test-sales/--no-test-sales",
    default=None,
    help="Whether sales in test mode are written too, as to a Dolibarr for trials.",
)
def connect(
    *,
    slug: str,
    url: str | None,
    api_key: str | None,
    entity: int | None,
    bank_account: int | None,
    payment_type: int | None,
    category: int | None,
    rates: tuple[str, ...],
    lost_disputes: str | None,
    test_sales: bool | None,
) -> None:
    """Set where the Dolibarr of the tenant SLUG is, and its key; what is not named stays as it is.

    Another URL drops the stored key: enter it again. Check the connection after each change.

    Example: flask crm connect oracle-lumira --api-key - --bank-account 1
    """
    tenant_id = tenant_id_of(slug)
    stored = view_connection(tenant_id).settings
    if url is None and stored is None:
        raise click.UsageError("Name the URL: --url https://dolibarr.example.com.")
    base = stored or CrmSettings(url="")
    settings = CrmSettings(
        url=base.url if url is None else stored_url(url),
        entity=entity or base.entity,
        bank_account_id=bank_account or base.bank_account_id,
        payment_type_id=payment_type or base.payment_type_id,
        category_id=category or base.category_id,
        vat_rates={**base.vat_rates, **_read_rates(rates)},
        lost_disputes=LostDisputePolicy(lost_disputes) if lost_disputes else base.lost_disputes,
        takes_test_sales=base.takes_test_sales if test_sales is None else test_sales,
    )
    is_changed = set_connection(tenant_id, settings, api_key=api_key, actor=_ACTOR)
    click.echo(
        f"{slug}: saved; check it with `flask crm check {slug}`." if is_changed else f"{slug}: unchanged."
    )
    if not view_connection(tenant_id).has_key:
        click.echo(f"Enter the key: flask crm connect {slug} --api-key -", err=True)


def _read_rates(rates: tuple[str, ...]) -> dict[str, str]:
    try:
        return read_rates("\n".join(rates))
    except ValueError as error:
        raise click.UsageError(f"{error} is no PRODUCT=PERCENT, such as tea=5.5.") from None


@crm.command("show")
@click.argument("slug")
def show(slug: str) -> None:
    """Print the connection of the tenant SLUG, without its key.

    Example: flask crm show oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    view = view_connection(tenant_id)
    if view.settings is None:
        raise CrmNotConnected(f"{slug} has no connection to Dolibarr: see `flask crm connect --help`.")
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    for line in _lines(view, view.settings, zone):
        click.echo(line)


def _lines(view: ConnectionView, settings: CrmSettings, zone: ZoneInfo) -> list[str]:
    rates = written_rates(settings.vat_rates).replace("\n", ", ") or "none of their own"
    values = {
        "URL": settings.url,
        "key": "stored" if view.has_key else "missing",
        "entity": settings.entity,
        "bank account": settings.bank_account_id,
        "payment type": settings.payment_type_id,
        "category": settings.category_id,
        "VAT rate": f"{view.default_rate or '0.00'}; by product: {rates}",
        "lost disputes": settings.lost_disputes,
        "test sales": settings.takes_test_sales and "written too",
        "switched on": view.switched_on_at and f"since {shown(view.switched_on_at, zone)}",
        "checked": view.checked_at and f"{shown(view.checked_at, zone)}, {len(view.findings)} findings",
    }
    return [f"{name}: {value or 'no'}" for name, value in values.items()]


@crm.command("check")
@click.argument("slug")
def check(slug: str) -> None:
    """Check the connection of the tenant SLUG: key, rights, extra fields, bank account, payment type, currency.

    Prints what is wrong with its remedy, and ends with code 1 if it keeps sales from being written to Dolibarr.

    Example: flask crm check oracle-lumira
    """
    findings = check_connection(tenant_id_of(slug))
    for finding in findings:
        click.echo(f"{'FAULT ' if finding.is_fault else 'notice'}  {_sentences(finding, slug)}")
    if has_fault(findings):
        raise click.ClickException("Sales cannot be written to Dolibarr: repair the faults, and check again.")
    click.echo(f"{slug}: Dolibarr has what Lumira needs. Switch it on with `flask crm on {slug}`.")


def _sentences(finding: CrmFinding, slug: str) -> str:
    text = text_of(finding.code, Language.ENGLISH, {**finding.values, "slug": slug})
    return f"{text.message} {text.remedy}".strip()


@crm.command("setup")
@click.argument("slug")
@click.option(
    "--admin-key",
    type=Secret(),
    required=True,
    help="The API key of an administrator of Dolibarr; - reads it from stdin.",
)
def setup(slug: str, admin_key: str) -> None:
    """Create in Dolibarr what the tenant SLUG needs: extra fields, bank account, choice of payment type.

    The administrator's key is used for these calls and stored nowhere. Repeating it creates nothing.

    Example: flask crm setup oracle-lumira --admin-key -
    """
    try:
        steps = set_up_crm(tenant_id_of(slug), admin_key=admin_key, actor=_ACTOR)
    except DolibarrError as error:
        raise refused(error, slug) from None
    for step in steps:
        click.echo(_step(step))
    if any(step.problem for step in steps):
        raise click.ClickException("Repair in Dolibarr what is named above, and run the set-up again.")
    click.echo(f"{slug}: set up; check it with `flask crm check {slug}`.")


def refused(error: DolibarrError, slug: str) -> click.ClickException:
    """Return what a failed call means, and what to do."""
    code = str(error.reason) if isinstance(error, DolibarrRefused) else "unreachable"
    text = text_of(code, Language.ENGLISH, {"text": str(error), "slug": slug})
    return click.ClickException(f"{text.message} {text.remedy}")


def _step(step: SetUpStep) -> str:
    name = f"{_STEPS[step.code]} {step.name}"
    if step.problem is not None:
        return f"{name}: {_PROBLEMS[step.problem]}."
    return f"{name}: {'created' if step.is_created else 'exists'}."


@crm.command("on")
@click.argument("slug")
def on(slug: str) -> None:
    """Write the sales of the tenant SLUG to Dolibarr from now on; the last check must have found no fault.

    Example: flask crm on oracle-lumira
    """
    is_changed = switch_on(tenant_id_of(slug), actor=_ACTOR)
    click.echo(f"{slug}: switched on." if is_changed else f"{slug}: was on already.")
    if is_changed:
        click.echo(f"Earlier sales are written by `flask crm sync {slug} --since DATE`.")


@crm.command("off")
@click.argument("slug")
def off(slug: str) -> None:
    """Write nothing more to the Dolibarr of the tenant SLUG; the connection stays.

    Example: flask crm off oracle-lumira
    """
    is_changed = switch_off(tenant_id_of(slug), actor=_ACTOR)
    click.echo(f"{slug}: switched off." if is_changed else f"{slug}: was off already.")


@crm.command("disconnect")
@click.argument("slug")
def disconnect(slug: str) -> None:
    """Remove the connection of the tenant SLUG with its key; what was written to Dolibarr stays there.

    Example: flask crm disconnect oracle-lumira
    """
    is_changed = remove_connection(tenant_id_of(slug), actor=_ACTOR)
    click.echo(f"{slug}: removed." if is_changed else f"{slug}: has no connection.")
