"""The systemd units of `deploy/`, as systemd itself reads them."""

import subprocess
from pathlib import Path

import pytest

from config.settings import ROOT

UNITS = sorted((ROOT / "deploy").glob("*.service"))
#: Where the units say that the code is.
INSTALLED = "/opt/lumira"
#: In tenths, as the option takes it: systemd calls up to 4.9 "OK". A service without restrictions has 9.6.
MOST_EXPOSED = 25


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    # systemd checks that the programs exist.
    text = unit.read_text()
    assert INSTALLED in text
    # A template is verified as one of its instances.
    copy = tmp_path / unit.name.replace("@.", "@8000.")
    copy.write_text(text.replace(INSTALLED, str(ROOT)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    # It also reports other units of the machine.
    of_unit = [line for line in verified.stderr.splitlines() if unit.stem in line]
    assert of_unit == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_rates_the_exposure_of_the_unit_as_low(unit: Path) -> None:
    rated = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            "--no-pager",
            f"--threshold={MOST_EXPOSED}",
            str(unit),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_crashed_process_leaves_no_dump_of_its_memory(unit: Path) -> None:
    assert "\nLimitCORE=0\n" in unit.read_text()
