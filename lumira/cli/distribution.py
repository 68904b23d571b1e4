"""`flask db distribute`: the tables spread over the servers of a Citus cluster."""

import click
from flask import current_app

from lumira.services.installation import distribute as distributing


@click.command("distribute")
@click.option("--dry-run", is_flag=True, help="Print what is missing and what would be done; change nothing.")
def distribute(dry_run: bool) -> None:
    """Spread the tables over the servers of a Citus cluster by tenant, with their rows, once and for all.

    The web servers and the workers are stopped meanwhile. docs/scaling.md says when it helps, what comes before it, and
    how to go back.

    Example: flask db distribute --dry-run
    """
    owner_url = current_app.config["DATABASE_OWNER_URL"]
    if dry_run:
        plan = distributing.plan_distribution(owner_url)
        for statement in (*plan.statements, *plan.removals):
            _print(statement)
    else:
        plan = distributing.distribute(owner_url, notify=_print)
    for loss in plan.losses:
        click.echo(f"Not checked by the database once the tables are spread: {loss}")
    for fault in plan.faults:
        click.echo(f"Missing: {fault}")
    if plan.faults:
        raise click.ClickException(
            "The database is not prepared; nothing was changed. Mend what is missing first."
        )
    if dry_run:
        click.echo("Nothing was changed.")
    else:
        click.echo("The tables were spread before." if plan.is_done else "The tables are spread.")


def _print(statement: str) -> None:
    click.echo(f"{statement};")
