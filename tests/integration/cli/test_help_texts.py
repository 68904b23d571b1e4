"""The help of each command shows an example that can be copied, and explains each option."""

import io
import re
import shlex
from enum import Enum
from pathlib import Path

import click
import pytest
from flask import Flask

from tests.support.commands import every_command

#: A command of an extension that operators run, and a command that is a group as well.
_ALSO = ("db distribute", "db upgrade", "sandbox")
_FILE = re.compile(r"(\./)?[a-z0-9-]+\.(jpg|pdf|toml|zip)")


def find(app: Flask, words: str) -> click.Command:
    command: click.Command = app.cli
    for word in words.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"There is no command {words}."
        command = found
    return command


def commands(app: Flask) -> dict[str, click.Command]:
    found = dict(every_command(app.cli)) | {words: find(app, words) for words in _ALSO}
    assert len(found) > 80
    return found


def examples_in(text: str) -> list[str]:
    return re.findall(r"^ *Example: flask (.+)$", text, re.MULTILINE)


def help_of(words: str, command: click.Command) -> str:
    return command.get_help(click.Context(command, info_name=f"flask {words}", terminal_width=80))


def test_the_help_of_every_command_shows_an_example_of_it(app: Flask):
    without = [
        words
        for words, command in commands(app).items()
        if not any(example.startswith(words) for example in examples_in(help_of(words, command)))
    ]
    assert without == []


def test_every_example_is_accepted_as_the_help_shows_it(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A line that the help breaks could not be copied: its first part would be refused or do something else."""
    monkeypatch.chdir(tmp_path)
    # The commands of the sandbox take it from there.
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_example")
    for words, command in commands(app).items():
        stored = command.help or ""
        shown = examples_in(help_of(words, command))
        assert shown == [example.strip() for example in examples_in(stored)], f"{words}: the line is broken"
        for example in shown:
            given = shlex.split(example.partition(" > ")[0])[len(words.split()) :]
            for word in filter(_FILE.fullmatch, given):
                (tmp_path / word).touch()
            monkeypatch.setattr("sys.stdin", io.StringIO("a secret\n" * len(given)))
            try:
                command.make_context(words, given)
            except click.UsageError as error:
                pytest.fail(f"flask {example}: {error.format_message()}")


def test_the_help_explains_every_option(app: Flask):
    without = [
        f"{words} {option.opts[-1]}"
        for words, command in commands(app).items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help and words != "db upgrade"
    ]
    assert without == []


def test_every_choice_is_entered_as_the_documentation_writes_it(app: Flask):
    """Click would ask for the names of an enumeration, in capitals, where the documentation has its values."""
    of_members = [
        words
        for words, command in commands(app).items()
        for parameter in command.params
        if isinstance(parameter.type, click.Choice)
        and any(isinstance(choice, Enum) for choice in parameter.type.choices)
    ]
    assert of_members == []
