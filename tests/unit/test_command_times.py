"""Times that a command prints say in which zone they are."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.settings import ROOT
from lumira.cli.common.times import NO_TENANTS, shown, shown_exactly

PARIS = ZoneInfo("Europe/Paris")
_FORMAT = re.compile(r"\{[a-z_.]+:%Y-%m-%d %H")


def test_a_time_names_its_zone() -> None:
    winter, summer = (datetime(2026, month, 5, 8, 32, 10, 7000, tzinfo=UTC) for month in (1, 7))
    assert shown(winter, PARIS) == "2026-01-05 09:32:10 CET"
    assert shown(summer, PARIS) == "2026-07-05 10:32:10 CEST"
    assert shown(winter, NO_TENANTS) == "2026-01-05 08:32:10 UTC"
    assert shown_exactly(winter, PARIS) == "2026-01-05 09:32:10.007 CET"


def test_no_command_has_a_format_of_its_own() -> None:
    files = sorted((ROOT / "lumira" / "cli").rglob("*.py"))
    own = [path.name for path in files if _FORMAT.search(path.read_text()) and path.name != "times.py"]
    assert not own
