"""docs/operations.md lists the permissions of a restricted key that `flask doctor` tries."""

import re

from config.settings import ROOT
from lumira.domain.stripe.permissions import PERMISSIONS

_ROW = re.compile(r"^\| ([A-Z][A-Za-z ]+: (?:read|write)) \|", re.MULTILINE)


def test_each_permission_that_is_tried_is_documented_and_no_other() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## Keys and secrets\n")[2]
    assert _ROW.findall(section) == [permission.name for permission in PERMISSIONS]
