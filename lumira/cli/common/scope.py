"""Which tenants a command is about: one by its slug, or all."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.repositories import tenants

#: What a message says where one id is known to several tenants, as where two brands share a Stripe account.
AMBIGUOUS = "Several tenants know {what}: name one with --tenant ({slugs})."

_Command = TypeVar("_Command", bound=Callable[..., Any])


def tenant_option(command: _Command) -> _Command:
    """Give a command `--tenant SLUG`; it receives `slug`, `None` for all tenants."""
    return click.option("--tenant", "slug", metavar="SLUG", help="Only this tenant. [default: all]")(command)


def owner_option(command: _Command) -> _Command:
    """The same for a command about one thing, which most often one tenant alone knows."""
    told = "Whose it is; needed where several tenants know it."
    return click.option("--tenant", "slug", metavar="SLUG", help=told)(command)


def chosen_tenants(slug: str | None) -> list[tuple[int, str]]:
    """Id and slug of the tenant, or of all; `TenantNotFound` names a slug that nobody has."""
    if slug is not None:
        return [(tenant_id_of(slug), slug)]
    with atomic(None):
        ids = tenants.list_ids()
    found = []
    for tenant_id in ids:
        with atomic(tenant_id):
            found.append((tenant_id, tenants.get(tenant_id).slug))
    return found
