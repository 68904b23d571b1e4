"""The commands are found by name, and cost nothing until one is named."""

import subprocess
import sys
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parents[3]


def test_the_help_names_every_group(app: Flask):
    told = app.test_cli_runner().invoke(args=["--help"])

    assert told.exit_code == 0
    named = {line.split()[0] for line in told.stdout.splitlines() if line.startswith("  ")}
    assert {"catalog", "keys", "orders", "sandbox", "tenants", "worker"} <= named


def test_commands_of_extensions_are_kept(app: Flask):
    assert app.test_cli_runner().invoke(args=["openapi", "--help"]).exit_code == 0


def test_the_application_imports_no_command():
    program = "import sys, lumira; print([name for name in sys.modules if name.startswith('lumira.cli.')])"

    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert result.stdout.strip() == "[]"
