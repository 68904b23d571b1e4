"""`deploy/flask` says in one sentence what a new machine lacks, and the documentation creates it."""

import re
import subprocess
from pathlib import Path

from config.settings import ROOT


def run(settings: Path, *, user: str = "root") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "flask", "tenants", "list"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LUMIRA_SETTINGS": str(settings), "LUMIRA_USER": user},
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_that_do_not_exist_are_named(tmp_path: Path) -> None:
    settings = tmp_path / "lumira.env"
    result = run(settings)
    assert result.returncode == 1
    assert result.stderr == (
        f"{settings} cannot be read: run this command with sudo, or create the file from deploy/lumira.env.\n"
    )


def test_a_user_that_does_not_exist_is_named(tmp_path: Path) -> None:
    settings = tmp_path / "lumira.env"
    settings.touch()
    result = run(settings, user="lumira-missing")
    assert result.returncode == 1
    assert result.stderr.startswith("There is no user lumira-missing: create it")
    assert len(result.stderr.splitlines()) == 1


def test_the_installation_creates_user_folder_and_settings_of_the_units_before_the_first_command() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    first = page.partition("\n### Start\n")[0]
    for unit in (ROOT / "deploy").glob("lumira-*.service"):
        text = unit.read_text()
        [user] = re.findall(r"^User=(.+)$", text, re.MULTILINE)
        [folder] = re.findall(r"^StateDirectory=(.+)$", text, re.MULTILINE)
        [settings] = re.findall(r"^EnvironmentFile=(.+)$", text, re.MULTILINE)
        assert re.search(rf"^sudo useradd .* {user}$", first, re.MULTILINE)
        assert re.search(
            rf"^sudo install --directory --owner {user} .* /var/lib/{folder}$", first, re.MULTILINE
        )
        assert re.search(rf"^sudo install --mode 600 .* {settings}$", first, re.MULTILINE)
