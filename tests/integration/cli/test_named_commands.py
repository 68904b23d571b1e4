"""Every `flask` command that a document, an alert, a page or a message names exists, with its options."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from config.settings import ROOT

#: A command in a sentence, a row of a table, an annotation or a text: up to what ends a piece of code.
_NAMED = re.compile(r"\bflask (?!import\b)([a-z][a-z-]*\b[^`\n\"'<|;]*)")
#: A row of the README's table of commands, which names them without `flask`.
_ROW = re.compile(r"^\| (`[a-z]+ .*?) \|", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z-]*")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_KINDS = (".md", ".yml", ".yaml", ".json", ".py", ".jinja", ".html", ".env", ".service")


def _files() -> list[Path]:
    folders = ("docs", "deploy", "lumira")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in _KINDS]
    return [ROOT / "README.md", *sorted(found)]


def _wrong(group: click.Group, named: str) -> str | None:
    """Return the part of a command that does not exist; `None` if all does."""
    command: click.Command = group
    rest = named.split()
    while isinstance(command, click.Group) and rest and (word := _WORD.match(rest[0])):
        found = command.get_command(click.Context(command), word[0])
        if found is None:
            # A command that does something without a subcommand may stand before a sentence's next word.
            return None if command.invoke_without_command else word[0]
        command, ended = found, word[0] != rest[0]
        rest = [] if ended else rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return next((option for option in _OPTION.findall(" ".join(rest)) if option not in known), None)


def test_every_command_that_is_named_exists(app: Flask) -> None:
    named = [(path, match[1]) for path in _files() for match in _NAMED.finditer(path.read_text())]
    assert len(named) > 400

    wrong = {
        f"{path.relative_to(ROOT)}: flask {command.strip()}: {part}"
        for path, command in named
        if (part := _wrong(app.cli, command))
    }

    assert not wrong


def test_every_command_in_the_table_of_the_readme_exists(app: Flask) -> None:
    rows = [re.findall(r"`([^`]+)`", row) for row in _ROW.findall((ROOT / "README.md").read_text())]
    assert len(rows) > 30
    wrong = []
    for first, *others in rows:
        # After the first command of a row, the others may leave out the group.
        group = first.split()[0]
        wrong += [first] if _wrong(app.cli, first) else []
        wrong += [other for other in others if _wrong(app.cli, other) and _wrong(app.cli, f"{group} {other}")]
    assert not wrong


@pytest.mark.parametrize("command", ["messages list --status dead", "outbox list --state dead", "mesages"])
def test_a_command_or_option_that_does_not_exist_is_found(app: Flask, command: str) -> None:
    assert _wrong(app.cli, command)
