"""`flask outbox …`: messages and their sending, and retries."""

from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.database import atomic
from lumira.errors import Conflict, NotFound
from lumira.formats import last_line
from lumira.models import MessageStatus, OutboxMessage
from lumira.repositories.messages import outbox as messages
from lumira.services.messages.retry_messages import retry_all, retry_messages

outbox = AppGroup("outbox", help="Pending, sent and dead messages.")

_ACTOR = "operator"
#: Messages that one transaction makes due.
_BATCH = 100


@outbox.command("list")
@click.option(
    "--status",
    type=click.Choice([str(status) for status in MessageStatus]),
    help="Only messages in this state.",
)
@tenant_option
@limit_option
def list_messages(status: str | None, slug: str | None, limit: int) -> None:
    """Show the newest messages.

    Example: flask outbox list --status dead
    """
    requested = MessageStatus(status) if status else None
    listed: list[tuple[OutboxMessage, str, str, ZoneInfo]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
            page = messages.list_messages(tenant_id, status=requested, limit=limit)
        listed += [(message, number, tenant_slug, zone) for message, number in page]
    # Ids are UUIDv7 and sort by creation.
    listed.sort(key=lambda row: row[0].id, reverse=True)
    rows = [
        (
            str(message.id),
            tenant_slug,
            number,
            str(message.kind),
            str(message.status),
            str(message.attempts),
            shown(message.created_at, zone),
            last_line(message.last_error, 80),
        )
        for message, number, tenant_slug, zone in listed[:limit]
    ]
    echo_table(("MESSAGE", "TENANT", "ORDER", "KIND", "STATUS", "ATTEMPTS", "CREATED", "ERROR"), rows)


@outbox.command("retry")
@click.argument("message_id", metavar="[ID]", type=click.UUID, required=False)
@click.option("--dead", is_flag=True, help="All dead messages.")
@tenant_option
def retry(message_id: UUID | None, dead: bool, slug: str | None) -> None:
    """Send the message ID again, or all dead messages; their attempts start at zero.

    Example: flask outbox retry --dead --tenant oracle-lumira
    """
    if (message_id is not None) == dead:
        raise click.UsageError("Name one message, or --dead.")
    retried = _retry_dead(slug) if message_id is None else _retry_one(message_id, slug)
    click.echo(f"{retried} message{'' if retried == 1 else 's'} due now.")


def _retry_dead(slug: str | None) -> int:
    retried = 0
    for tenant_id, _ in chosen_tenants(slug):
        with atomic(tenant_id):
            dead = messages.list_dead_ids(tenant_id)
        retried += retry_all(tenant_id, dead, actor=_ACTOR)
    return retried


def _retry_one(message_id: UUID, slug: str | None) -> int:
    for tenant_id, _ in chosen_tenants(slug):
        with atomic(tenant_id):
            message = messages.find(tenant_id, message_id)
        if message is None:
            continue
        if message.status is MessageStatus.SENT:
            raise Conflict("The message was sent already and is not sent twice.")
        return retry_messages(tenant_id, [message_id], actor=_ACTOR)
    raise NotFound(f"There is no message {message_id}.")
