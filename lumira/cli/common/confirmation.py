"""Confirmation of what cannot be undone."""

import click


def confirm_name(question: str, name: str, *, confirmed: str | None) -> None:
    """Ask to type a name unless it was passed as `confirmed`; without it the command ends and changes nothing."""
    if confirmed is None:
        try:
            confirmed = click.prompt(question, default="", show_default=False)
        except click.Abort:
            click.echo()
            raise click.ClickException(
                f"Nothing was done: type it at a terminal, or pass --confirm {name}."
            ) from None
    if confirmed != name:
        raise click.ClickException(f"Nothing was done: {name} was not typed.")


def confirm(question: str, *, is_confirmed: bool) -> None:
    """Ask for a yes unless `--yes` was passed; without one the command ends with one line and changes nothing."""
    if is_confirmed:
        return
    try:
        is_confirmed = click.confirm(question)
    except click.Abort:
        # There is no terminal: a script, or a closed stdin.
        click.echo()
        raise click.ClickException("Nothing was done: confirm at a terminal, or pass --yes.") from None
    if not is_confirmed:
        raise click.ClickException("Nothing was done.")
