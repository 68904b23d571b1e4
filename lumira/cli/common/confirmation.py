"""Confirmation of what cannot be undone."""

import click


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
