"""The tenants of a command: one by its slug, or all."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.repositories.tenants import tenants

#: The message where several tenants have one id, as when two tenants share a Stripe account.
AMBIGUOUS = "Several tenants have {what}: choose one with --tenant ({slugs})."

_Command = TypeVar("_Command", bound=Callable[..., Any])


def tenant_option(command: _Command) -> _Command:
    """Add `--tenant SLUG` to a command; it receives `slug`, which is `None` for all tenants."""
    return click.option("--tenant", "slug", metavar="SLUG", help="Only this tenant. [default: all]")(command)


def owner_option(command: _Command) -> _Command:
    """Add `--tenant SLUG` to a command about one object, which usually only one tenant has."""
    help_text = "The tenant; required if several tenants have it."
    return click.option("--tenant", "slug", metavar="SLUG", help=help_text)(command)


def chosen_tenants(slug: str | None) -> list[tuple[int, str]]:
    """Return the id and slug of one tenant, or of all; raises `TenantNotFound` for an unknown slug."""
    if slug is not None:
        return [(tenant_id_of(slug), slug)]
    with atomic(None):
        ids = tenants.list_ids()
    chosen = []
    for tenant_id in ids:
        with atomic(tenant_id):
            chosen.append((tenant_id, tenants.get(tenant_id).slug))
    return chosen
