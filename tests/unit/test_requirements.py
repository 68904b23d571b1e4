"""The pinned requirements: development installs what production does."""

import re

import pytest

from config.settings import ROOT


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9][^\s;]*==[^\s;]+", (ROOT / name).read_text(), re.MULTILINE))


def test_development_installs_the_versions_of_production() -> None:
    # `make venv`, and so every check, installs the second file only.
    assert pins("requirements.txt")
    assert pins("requirements.txt") - pins("requirements-dev.txt") == set()


@pytest.mark.parametrize(
    ("section", "name"), [("install_requires", "requirements.txt"), ("dev", "requirements-dev.txt")]
)
def test_every_declared_requirement_is_pinned(section: str, name: str) -> None:
    [block] = re.findall(rf"^{section} =\n((?:[ #].*\n)+)", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    declared = {
        match[1].lower().replace("_", "-")
        for line in block.splitlines()
        if (match := re.match(r" +([A-Za-z0-9_.-]+)", line))
    }
    pinned = {re.split(r"[\[=]", pin)[0].lower().replace("_", "-") for pin in pins(name)}
    assert declared
    assert declared - pinned == set()
