"""`flask receipts attest` states mechanisms that exist, for the person who signs."""

import re

import click
import pytest
from flask import Flask

from lumira import __version__
from tests.integration.cli.conftest import RunFlask

CONDITIONS = ("inaltérabilité", "sécurisation", "conservation", "archivage")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_it_names_the_version_the_conditions_and_who_signs(run_flask: RunFlask, language: str) -> None:
    options = ("--signer", "The Signer", "--company", "Maison Lumière SARL", "--place", "Lyon")

    printed = run_flask("receipts", "attest", *options, "--lang", language).stdout

    assert f"Lumira, version {__version__}" in printed
    for value in (*options[1::2], "286, I,", "441-1", *CONDITIONS):
        assert value.lower() in printed.lower()
    assert "…" not in printed
    assert "{" not in printed


def test_what_is_not_known_yet_is_left_blank_in_french_by_default(run_flask: RunFlask) -> None:
    printed = run_flask("receipts", "attest").stdout
    assert "Je soussigné(e) …" in printed


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_command_that_it_names_exists_with_its_options(
    app: Flask, run_flask: RunFlask, language: str
) -> None:
    printed = run_flask("receipts", "attest", "--lang", language).stdout
    named = re.findall(r"flask (\w+) (\w+)([^;,\n]*)", printed)
    assert {command for _, command, _ in named} == {"verify", "closings", "totals", "archive"}
    for group_name, name, rest in named:
        with click.Context(app.cli) as context:
            group = app.cli.get_command(context, group_name)
        assert isinstance(group, click.Group)
        command = group.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--?\w+", rest)) <= known
