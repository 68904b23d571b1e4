"""`flask errors …`: unexpected errors of the program, and their resolution."""

from uuid import UUID

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import NO_TENANTS, shown
from lumira.models import ProgramError
from lumira.services.program_errors import view_errors
from lumira.services.program_errors.resolve_error import resolve_error

errors = AppGroup("errors", help="Unexpected errors of the program, by kind.")

_ACTOR = "operator"
_LONGEST_MESSAGE = 80


@errors.command("list")
@click.option("--all", "is_whole", is_flag=True, help="Also resolved errors.")
@limit_option
def list_(is_whole: bool, limit: int) -> None:
    """Show the open errors of all tenants, the last one to occur first.

    Example: flask errors list --all
    """
    listed = view_errors.list_errors(include_resolved=is_whole, limit=limit)
    rows = [_row(error) for error in listed]
    echo_table(("ERROR", "COUNT", "FIRST", "LAST", "WHERE", "TYPE", "MESSAGE"), rows)


def _row(error: ProgramError) -> tuple[str, ...]:
    message = " ".join(error.message.split())
    short = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    resolved = f"resolved {shown(error.resolved_at, NO_TENANTS)}" if error.resolved_at else ""
    return (
        str(error.id),
        str(error.occurrences),
        shown(error.first_at, NO_TENANTS),
        shown(error.last_at, NO_TENANTS),
        error.place,
        error.error_type,
        "; ".join(part for part in (short, resolved) if part),
    )


@errors.command("show")
@click.argument("error_id", metavar="ID", type=click.UUID)
def show(error_id: UUID) -> None:
    """Show the error ID with its traceback, and the tenants at which it occurred.

    The traceback has no values: names, addresses and secrets are not stored. The request id leads to the lines of the
    log.

    Example: flask errors show 3f2b8c1e-5a4d-9c0e-7b61-2d8f4e6a1c35
    """
    error, shares = view_errors.view_error(error_id)
    lines = [
        ("type", error.error_type),
        ("message", error.message),
        ("where", error.place),
        ("count", str(error.occurrences)),
        ("first", shown(error.first_at, NO_TENANTS)),
        ("last", shown(error.last_at, NO_TENANTS)),
        ("resolved", shown(error.resolved_at, NO_TENANTS) if error.resolved_at else ""),
        ("request", error.last_request_id or ""),
        ("release", error.release),
        ("tenants", ", ".join(f"{share.slug} ({share.occurrences})" for share in shares)),
    ]
    for name, value in lines:
        if value:
            click.echo(f"{name:<9} {value}")
    click.echo(f"\n{error.traceback}")


@errors.command("resolve")
@click.argument("error_ids", metavar="ID...", type=click.UUID, nargs=-1, required=True)
def resolve(error_ids: tuple[UUID, ...]) -> None:
    """Mark errors as resolved, with their alerts. One that occurs again opens again.

    Example: flask errors resolve 3f2b8c1e-5a4d-9c0e-7b61-2d8f4e6a1c35
    """
    for error_id in error_ids:
        error = resolve_error(error_id, actor=_ACTOR)
        state = "resolved" if error.resolved_at is None else "is already resolved"
        click.echo(f"{error.error_type} in {error.place}: {state}.")
