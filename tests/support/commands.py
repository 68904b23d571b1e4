"""The commands of the command line, each with its words."""

from collections.abc import Iterator

import click

#: Groups of Flask's extensions.
_OF_EXTENSIONS = ("db", "openapi")
#: Flask's own commands.
_OF_FLASK = ("routes", "run", "shell")


def every_command(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command of Lumira's with its words, and none of Flask and its extensions."""
    with click.Context(group) as context:
        found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    for name, command in found.items():
        if not words and name in (*_OF_EXTENSIONS, *_OF_FLASK):
            continue
        if isinstance(command, click.Group):
            yield from every_command(command, (*words, name))
        elif command is not None:
            yield " ".join((*words, name)), command
