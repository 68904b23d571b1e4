"""The page of symptoms quotes what Lumira says, word for word."""

import ast
import io
import re
from functools import cache

import click
import pytest

from config.settings import ROOT
from lumira.blueprints.http.error_catalog import ERROR_REPLIES
from lumira.cli import CommandLine
from lumira.services.installation.finding_texts import FINDINGS

_PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
_QUOTED = re.compile(r"`([^`]+)`")
#: What a user types, a path, or the status of a health check.
_TYPED = re.compile(r"flask .*|/readyz|rediss?://|deploy/.*|stripe listen|[{}…a-z+%0-9B_]+|code")
_CODES = {code for reply in ERROR_REPLIES.values() for code in reply.codes}
_SETTINGS = set(re.findall(r"`([A-Z0-9_]+)`", (ROOT / "README.md").read_text()))
_LOG_NAMES = set(
    re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "operations.md").read_text().partition("## The log")[2])
)


@cache
def sentences() -> str:
    """Return all texts of the source; what is inserted into one is written as `{…}`."""
    found = []
    for path in (ROOT / "lumira").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def quoted_of_the_doctor() -> list[str]:
    """Return what the page quotes of `flask doctor`: in its rows, and in the column of the last table."""
    rows = [line for line in _PAGE.splitlines() if line.startswith("| the doctor says |")]
    last = [
        line.split("|")[2]
        for line in _PAGE.partition("## Other symptoms")[2].splitlines()
        if line.startswith("|")
    ]
    return [text for line in [*rows, *last] for text in _QUOTED.findall(line)]


def test_what_the_doctor_says_is_a_message_of_the_doctor() -> None:
    messages = {message for message, _ in FINDINGS.values()}
    assert len(quoted_of_the_doctor()) > 25
    assert [text for text in quoted_of_the_doctor() if text not in messages] == []


def test_every_quoted_text_is_in_the_source() -> None:
    for text in _QUOTED.findall(_PAGE):
        if re.fullmatch("[A-Z_]+", text):
            assert text in _CODES | _SETTINGS, text
        elif re.fullmatch("[a-z]+(_[a-z]+)+", text):
            assert text in _LOG_NAMES, text
        elif not _TYPED.fullmatch(text):
            assert text in sentences(), text


def test_every_command_exists_and_takes_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n" * 9))
    commands = sorted({text for text in _QUOTED.findall(_PAGE) if text.startswith("flask ")})
    assert len(commands) > 10
    for command in commands:
        words = command.split()[1:]
        found: click.Command = CommandLine()
        context = click.Context(found)
        while isinstance(found, click.Group):
            inner = found.get_command(context, words[0])
            assert inner is not None, command
            found, context = inner, click.Context(inner, parent=context)
            words.pop(0)
        # Parses the arguments and the options, and runs nothing.
        found.make_context(command, words, parent=context)


@pytest.mark.parametrize(
    "symptom",
    [
        "wrong secret",
        "altered body",
        "missing events",
        "missing product",
        "missing or wrong key",
        "invalid e-mail",
        "missing metadata",
        "database errors",
    ],
)
def test_every_symptom_of_the_replaced_systems_has_a_section(symptom: str) -> None:
    [section] = re.findall(rf"^## [^\n]+: {symptom}\n(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert "| the doctor says |" in section
    assert "| to do |" in section


def test_every_error_code_that_an_operator_must_act_on_is_explained() -> None:
    server_faults = {
        code for status, reply in ERROR_REPLIES.items() if status >= "500" for code in reply.codes
    }
    assert server_faults - {"STORAGE_UNAVAILABLE"} <= set(_QUOTED.findall(_PAGE))
