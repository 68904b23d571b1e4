"""`flask deliverables …`: the work that is made for individual buyers."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.orders import address_of
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.content import FILE
from lumira.database import atomic
from lumira.models import DeliverableState
from lumira.repositories.fulfilment.deliverables import DeliverableTask, DeliverableView
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.files.view_deliverables import list_tasks, view_deliverables

deliverables = AppGroup("deliverables", help="Work that is made for individual buyers.")

# The command line sends no idempotency key: repeating a command changes nothing.
_CALL = Call(fingerprint="", actor="operator")
_CHOICE = click.Choice([str(state) for state in DeliverableState])


@deliverables.command("list")
@click.argument("number", required=False)
@tenant_option
@click.option("--state", type=_CHOICE, help="Only deliverables in this state.")
@click.option("--all", "is_whole", is_flag=True, help="Also delivered and withdrawn ones.")
def list_(number: str | None, slug: str | None, state: str | None, is_whole: bool) -> None:
    """Print open deliverables, longest waiting first, or all deliverables of the order NUMBER.

    Example: flask deliverables list --tenant oracle-lumira
    """
    if number is not None:
        tenant_id, order_id = address_of(number)
        rows = [_order_row(view) for view in view_deliverables(tenant_id, str(order_id))]
        echo_table(("PRODUCT", "KEY", "STATE", "FILES", "TITLE"), rows)
        return
    requested = None if state is None else DeliverableState(state)
    # A filter for delivered ones must not hide them as closed.
    is_open = not is_whole and requested is not DeliverableState.DELIVERED
    rows_of_all: list[tuple[str, ...]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
        listed = list_tasks(tenant_id, state=requested, is_open=is_open)
        rows_of_all += [(tenant_slug, *_open_row(task, zone)) for task in listed]
    echo_table(("TENANT", "ORDER", "PRODUCT", "KEY", "STATE", "FULFILLED"), rows_of_all)


def _order_row(view: DeliverableView) -> tuple[str, ...]:
    names = ", ".join(file.file_name for file in view.files) or "none"
    return (view.product_id, view.key, in_state(view.state, is_withdrawn=view.withdrawn), names, view.title)


def _open_row(work: DeliverableTask, zone: ZoneInfo) -> tuple[str, ...]:
    state = in_state(work.state, is_withdrawn=work.withdrawn)
    return (work.order_number, work.product_id, work.key, state, shown(work.fulfilled_at, zone))


def in_state(state: DeliverableState, *, is_withdrawn: bool) -> str:
    """Return the state, and whether the deliverable was withdrawn because it was refunded or disputed."""
    return f"{state}, withdrawn" if is_withdrawn else str(state)


@deliverables.command("start")
@click.argument("number")
@click.argument("key")
def start(number: str, key: str) -> None:
    """Mark KEY of the order NUMBER as in progress.

    Example: flask deliverables start LUM-7Q2MZX41KD lecture
    """
    _change(number, key, DeliverableState.IN_PROGRESS)


@deliverables.command("upload")
@click.argument("number")
@click.argument("key")
@click.argument("file", type=FILE)
@click.option("--name", help="The name that the buyer sees. [default: the name of FILE]")
def upload(number: str, key: str, file: Path, name: str | None) -> None:
    """Add FILE to KEY of the order NUMBER; a file of the same name is replaced.

    Example: flask deliverables upload LUM-7Q2MZX41KD lecture ./lecture.pdf
    """
    tenant_id, order_id = address_of(number)
    with file.open("rb") as stream:
        new_file = Upload(name or file.name, stream)
        stored = upload_deliverable(tenant_id, str(order_id), key, new_file, call=_CALL).value
    click.echo(
        f"{number} {key}: {stored.file_name} ({stored.content_type}, {stored.size} bytes), {stored.state}."
    )


@deliverables.command("deliver")
@click.argument("number")
@click.argument("key")
def deliver(number: str, key: str) -> None:
    """Deliver the files of KEY to the buyer of the order NUMBER and notify them; this cannot be undone.

    Example: flask deliverables deliver LUM-7Q2MZX41KD lecture
    """
    _change(number, key, DeliverableState.DELIVERED)


def _change(number: str, key: str, state: DeliverableState) -> None:
    tenant_id, order_id = address_of(number)
    changed = change_deliverable(tenant_id, str(order_id), key, state, call=_CALL).value
    click.echo(f"{number} {changed.key}: {changed.state}.")
