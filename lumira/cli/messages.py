"""`flask messages …`: previews of messages."""

import webbrowser
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from config.settings import Settings
from lumira.cli.tenants import tenant_id_of
from lumira.clients import mail
from lumira.database import atomic
from lumira.models import Language, Tenant
from lumira.notifications import emails, samples
from lumira.repositories.tenants import tenants

messages = AppGroup("messages", help="Previews of messages to buyers and to the team.")


@messages.command("preview")
@click.argument("kind", type=click.Choice(samples.KINDS))
@click.option(
    "--locale",
    type=click.Choice([str(language) for language in Language]),
    default=str(Language.FRENCH),
    show_default=True,
    help="The language of the message.",
)
@click.option(
    "--tenant", "slug", metavar="SLUG", help="With this tenant's name and colours. [default: Lumira's]"
)
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser.")
def preview(kind: str, locale: str, slug: str | None, is_opened: bool) -> None:
    """Write the message KIND about a sample order as HTML, plain text and e-mail, and print the files.

    Example: flask messages preview order_confirmation --locale fr --open
    """
    settings: Settings = current_app.extensions["lumira"]
    email = emails.build(samples.draft(kind, Language(locale), _tenant(slug)))
    folder = settings.instance_path / "previews"
    name = f"{slug or 'sample'}-{kind}-{locale}"
    written = mail.save_message(email, folder, name)
    html = folder / f"{name}.html"
    for path, subtype in ((html, "html"), (folder / f"{name}.txt", "plain")):
        part = email.get_body((subtype,))
        if part is None:
            raise LookupError(f"The message has no {subtype} part.")
        # The message has CRLF line ends; the files have LF.
        path.write_text(part.get_content().replace("\r\n", "\n"), encoding="utf-8")
        click.echo(path)
    click.echo(written)
    if is_opened and not _opens(html):
        click.echo("No browser could be opened here.", err=True)


def _tenant(slug: str | None) -> Tenant:
    if slug is None:
        return samples.sample_tenant()
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        return tenants.get(tenant_id)


def _opens(path: Path) -> bool:
    return webbrowser.open(path.resolve().as_uri())
