"""`flask crm differences`, `decide` and `choose`: what a person decides between Lumira and Dolibarr."""

import json
from collections.abc import Iterator

import click

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.customers import find_buyer
from lumira.cli.common.tables import echo_table
from lumira.cli.crm_sync import crm
from lumira.cli.tenants import tenant_id_of
from lumira.errors import ChangedMeanwhile
from lumira.models import ContactField
from lumira.services.crm.choose_third_party import NEW, choose_third_party
from lumira.services.crm.decide_conflict import Choice, decide_conflict
from lumira.services.crm.view_differences import (
    DifferencesView,
    list_differences,
    view_differences_of,
)

_ACTOR = "operator"


@crm.command("differences")
@click.argument("slug")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object for each row.")
def differences(slug: str, is_json: bool) -> None:
    """List what the tenant SLUG has to decide: values that differ, and customers that several third parties may be.

    Changes nothing. `flask crm decide` and `flask crm choose` decide.

    Example: flask crm differences oracle-lumira
    """
    pages = list(list_differences(tenant_id_of(slug)))
    values = [row for page in pages for row in _values(page)]
    parties = [row for page in pages for row in _third_parties(page)]
    if is_json:
        for row in (*values, *parties):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not values and not parties:
        click.echo(f"{slug}: nothing waits for a decision.")
    if values:
        _echo(("CUSTOMER", "FIELD", "REASON", "LUMIRA", "DOLIBARR"), values)
    if parties:
        _echo(("CUSTOMER", "THIRD PARTY", "DESCRIPTION"), parties)


_Row = dict[str, str | int | None]


def _values(page: DifferencesView) -> Iterator[_Row]:
    for shown in page.customers:
        for one in shown.differences:
            yield {
                "customer": shown.customer.email,
                "field": str(one.field),
                "reason": str(one.reason),
                "ours": one.ours,
                "theirs": one.theirs,
            }


def _third_parties(page: DifferencesView) -> Iterator[_Row]:
    for waiting in page.ambiguous:
        for candidate in waiting.candidates:
            yield {
                "customer": waiting.customer.email,
                "third_party": candidate.id,
                "description": candidate.description,
            }


def _echo(headings: tuple[str, ...], rows: list[_Row]) -> None:
    echo_table(headings, [["" if value is None else str(value) for value in row.values()] for row in rows])


@crm.command("decide")
@click.argument("slug")
@click.argument("customer")
@click.argument("field", type=click.Choice([str(each) for each in ContactField]))
@click.argument("choice", type=click.Choice([str(each) for each in Choice]))
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def decide(slug: str, customer: str, field: str, choice: str, yes: bool) -> None:
    """Give both sides one value of FIELD of CUSTOMER (e-mail address or id): Lumira's (ours) or Dolibarr's (theirs).

    Example: flask crm decide oracle-lumira ana@example.com phone theirs
    """
    tenant_id, customer_id = find_buyer(customer, slug)
    found = [one for one in view_differences_of(tenant_id, customer_id) if one.field == field]
    if not found:
        raise ChangedMeanwhile(f"The {field} of {customer} does not wait for a decision.")
    difference = found[0]
    kept = difference.ours if choice == Choice.OURS else difference.theirs
    click.echo(f"Lumira: {difference.ours or 'empty'}; Dolibarr: {difference.theirs or 'empty'}.")
    confirm(f"Set the {field} of {customer} to {kept or 'empty'} on both sides?", is_confirmed=yes)
    decide_conflict(
        tenant_id, customer_id, difference.field, Choice(choice), shown=difference.shown, actor=_ACTOR
    )
    click.echo(f"{slug}: the {field} of {customer} is {kept or 'empty'}.")


@crm.command("choose")
@click.argument("slug")
@click.argument("customer")
@click.option("--third-party", type=click.IntRange(min=1), help="Dolibarr's id of the third party.")
@click.option("--new", "is_new", is_flag=True, help="None of them: a third party is created.")
def choose(slug: str, customer: str, third_party: int | None, is_new: bool) -> None:
    """Attach the CUSTOMER (e-mail address or id) to one of several third parties with the same address.

    Example: flask crm choose oracle-lumira ana@example.com --third-party 42
    """
    if is_new is (third_party is not None):
        raise click.UsageError("Name one third party with --third-party ID, or create one with --new.")
    tenant_id, customer_id = find_buyer(customer, slug)
    choose_third_party(tenant_id, customer_id, NEW if third_party is None else third_party, actor=_ACTOR)
    chosen = "a new third party" if third_party is None else f"the third party {third_party}"
    click.echo(f"{slug}: {customer} is {chosen} from now on; a worker writes the sales.")
