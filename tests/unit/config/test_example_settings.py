"""deploy/lumira.env is read alike by systemd and by a shell, and its settings are valid."""

import re
import shlex
import subprocess

import pytest
from cryptography.fernet import Fernet

from config.settings import ROOT, Settings

EXAMPLE = ROOT / "deploy" / "lumira.env"
LINES = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
SECRETS = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
    "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with every setting switched on, and secrets in the place of the dots."""
    text = "".join(f"{name}={value}\n" for name, value in LINES)
    for name, secret in SECRETS.items():
        text = text.replace(f"{name}='…'", f"{name}='{secret}'")
    path = tmp_path_factory.mktemp("settings") / "lumira.env"
    path.write_text(text.replace("…", "password"))
    return str(path)


def test_a_shell_sources_the_example(example: str) -> None:
    for path in (str(EXAMPLE), example):
        sourced = subprocess.run(
            ["/bin/sh", "-euc", f"set -a; . {path}; env -0"],
            env={},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert sourced.stderr == ""
    values = dict(line.split("=", 1) for line in sourced.stdout.split("\0") if "=" in line)
    assert values["MAIL_FROM"] == "Lumira <no-reply@example.com>"
    assert {name for name, _ in LINES} <= set(values)
    Settings.from_environment(values)


@pytest.mark.parametrize(("name", "value"), LINES)
def test_every_value_is_in_single_quotes(name: str, value: str) -> None:
    assert re.fullmatch(r"'[^'\\]*'", value), name
    assert shlex.split(value) == [value[1:-1]]
