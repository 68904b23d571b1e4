"""The licences of what production installs: listed, accepted, and compared with the packages' metadata."""

import re
import subprocess

from config.settings import ROOT

_PAGE = (ROOT / "docs" / "licences.md").read_text()
#: The same licences in older metadata.
_OTHER_WORDS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}


def rows(text: str) -> dict[str, str]:
    """Return the licence of each package of the last table."""
    return dict(re.findall(r"^\| (\S+) +\| (.+?) +\|$", text.rpartition("| Name ")[2], re.MULTILINE))


def test_the_page_lists_the_licence_of_each_package() -> None:
    written = subprocess.run(
        ["make", "--silent", "print-licences"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert len(rows(written.stdout)) > 60
    assert rows(written.stdout) == rows(_PAGE)


def test_each_licence_is_accepted() -> None:
    [accepted] = re.findall(r"^\| accepted licence .*\n\|[-|]+\|\n((?:\|.*\n)+)", _PAGE, re.MULTILINE)
    names = {name for line in accepted.splitlines() for name in line.split("|")[1].strip().split(", ")}
    refused = {
        package: licence
        for package, licence in rows(_PAGE).items()
        if not {_OTHER_WORDS.get(name, name) for name in re.split(r" AND | OR |; ", licence)} <= names
    }
    assert refused == {}
