"""`flask operators …`: the people who sign in to the dashboard."""

from datetime import datetime

import click
from flask.cli import AppGroup

from lumira import operator_tokens
from lumira.cli.common.customers import checked_email
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import NO_TENANTS, shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.operators import Role
from lumira.operator_tokens import InvitationAddress, ResetAddress
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.reset_operator import reset_operator
from lumira.services.operators.view_team import view_team

operators = AppGroup("operators", help="People who sign in to the dashboard.")

_ACTOR = "operator"


@operators.command("create")
@click.argument("email")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the operator.")
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    default=str(Role.OWNER),
    show_default=True,
    help="owner: everything; expert: reads, and makes deliverables; viewer: reads.",
)
def create(email: str, slug: str, role: str) -> None:
    """Print a link with which EMAIL chooses a password and an authenticator app.

    The link is used once. The link alone gives the role: send it to EMAIL only.

    Example: flask operators create ana@example.com --tenant boutique --role owner
    """
    address = checked_email(email)
    invitation = invite_operator(tenant_id_of(slug), address, role=Role(role), actor=_ACTOR, is_sent=False)
    _echo_link(invitation.address, invitation.expires_at)


@operators.command("reset")
@click.argument("email")
def reset(email: str) -> None:
    """Print a link with which the operator EMAIL chooses a new password and authenticator app.

    Every session of the operator ends now. The present password stays valid until the link is used.

    Example: flask operators reset ana@example.com
    """
    created = reset_operator(checked_email(email))
    _echo_link(created.address, created.expires_at)


def _echo_link(address: InvitationAddress | ResetAddress, expires_at: datetime) -> None:
    url = operator_tokens.url_of(address)
    click.echo(f"Valid until {shown(expires_at, NO_TENANTS)}, once.", err=True)
    if url is None:
        click.echo("PUBLIC_URL is not set: open this path at the address of this installation.", err=True)
    click.echo(url or operator_tokens.path_of(address))


@operators.command("list")
@tenant_option
def list_operators(slug: str | None) -> None:
    """Show the operators of every tenant with their roles, and pending invitations.

    Example: flask operators list --tenant boutique
    """
    rows = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        team = view_team(tenant_id)
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
        rows += [
            (tenant_slug, row.email, str(row.role), f"since {shown(row.created_at, zone)}")
            for row in team.operators
        ]
        rows += [
            (tenant_slug, row.email, str(row.role), f"invited until {shown(row.expires_at, zone)}")
            for row in team.invitations
        ]
    echo_table(("TENANT", "EMAIL", "ROLE", "STATE"), rows)
