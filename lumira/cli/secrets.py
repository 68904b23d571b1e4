"""`flask secrets …`: the encryption of stored secrets."""

from collections import Counter

import click
from flask.cli import AppGroup

from lumira.cli.common.progress import progress
from lumira.cli.common.scope import chosen_tenants
from lumira.database import atomic
from lumira.repositories.tenants import sealed_columns
from lumira.services.encrypted_secrets.rotate_secrets import (
    Rotation,
    list_operator_ids,
    rotate_operator_secrets,
    rotate_secrets,
)

secrets = AppGroup("secrets", help="The encryption of stored secrets.")

_ACTOR = "operator"


@secrets.command("rotate")
@click.option("--dry-run", is_flag=True, help="Only count what another key than the first one encrypted.")
def rotate(dry_run: bool) -> None:
    """Encrypt every stored secret with the first key of LUMIRA_ENCRYPTION_KEYS.

    Afterwards the other keys can be removed, unless buyers were erased under them (see docs/privacy.md). An interrupted
    run continues where it stopped. Web servers and workers go on meanwhile, if they have all keys.

    Example: flask secrets rotate --dry-run
    """
    rotation = Rotation()
    tenants = chosen_tenants(None)
    with progress("Encrypting", lambda: sum(_count(tenant_id) for tenant_id, _ in tenants)) as on_progress:
        for tenant_id, _ in tenants:
            rotation.add(rotate_secrets(tenant_id, actor=_ACTOR, is_dry_run=dry_run, on_progress=on_progress))
    operator_ids = list_operator_ids(tenant_id for tenant_id, _ in tenants)
    rotation.add(rotate_operator_secrets(operator_ids, is_dry_run=dry_run))
    _report(rotation, dry_run=dry_run)


def _count(tenant_id: int) -> int:
    with atomic(tenant_id):
        return sum(sealed_columns.count(column, tenant_id) for column in sealed_columns.OF_TENANTS)


def _report(rotation: Rotation, *, dry_run: bool) -> None:
    _print("to be encrypted again" if dry_run else "encrypted again", rotation.encrypted)
    _print("that no key of LUMIRA_ENCRYPTION_KEYS decrypts", rotation.unreadable)
    if rotation.unreadable:
        raise click.ClickException(
            f"{rotation.unreadable.total()} of {rotation.read} secrets cannot be decrypted: add the key that encrypted "
            "them, or enter them again."
        )
    if dry_run and rotation.encrypted:
        click.echo("Nothing was changed. Run the command without --dry-run.")
    else:
        click.echo(f"All {rotation.read} secrets are encrypted with the first key.")


def _print(what: str, counted: Counter[str]) -> None:
    for name, number in sorted(counted.items()):
        click.echo(f"{name}: {number} {what}")
