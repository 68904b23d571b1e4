"""The pinned requirements: development installs what production does, and pip refuses any other file."""

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.settings import ROOT

PRODUCTION, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
#: What only some installations need.
EXTRAS = "deploy/requirements-extras.txt"
#: Debian 12 has 3.11.2, where some packages need another one that 3.11.3 contains.
PYTHONS = ("3.11.2", "3.11.3", "3.12.0", "3.13.0", "3.14.0")
PROCESSORS = ("x86_64", "aarch64")


def blocks(name: str) -> dict[str, str]:
    """Return the lines of each pin, by the pin."""
    found = re.findall(
        r"^([a-z0-9][^\s;=[]*(?:\[[^]]*\])?==[^\s;]+)(.*\n(?:[ \t].*\n)*)",
        (ROOT / name).read_text(),
        re.MULTILINE,
    )
    return dict(found)


def names(name: str) -> set[str]:
    return {canonicalize_name(re.split(r"[\[=]", pin)[0]) for pin in blocks(name)}


def declared(section: str) -> list[Requirement]:
    """Return the requirements that setup.cfg declares."""
    [block] = re.findall(rf"^{section} =\n((?:[ #].*\n)+)", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    return [Requirement(line) for line in block.splitlines() if not line.lstrip().startswith("#")]


def test_development_installs_the_versions_of_production() -> None:
    # `make venv`, and so every check, installs the second file only.
    assert blocks(PRODUCTION)
    assert blocks(PRODUCTION).keys() - blocks(DEVELOPMENT).keys() == set()
    assert blocks(EXTRAS)
    assert blocks(EXTRAS).keys() - blocks(DEVELOPMENT).keys() == set()


@pytest.mark.parametrize(
    ("section", "name"),
    [("install_requires", PRODUCTION), ("dev", DEVELOPMENT), ("sentry", EXTRAS), ("opentelemetry", EXTRAS)],
)
def test_every_declared_requirement_is_pinned(section: str, name: str) -> None:
    wanted = {canonicalize_name(requirement.name) for requirement in declared(section)}
    assert wanted
    assert wanted - names(name) == set()


@pytest.mark.parametrize("name", [PRODUCTION, DEVELOPMENT, EXTRAS])
def test_every_pin_has_the_hashes_of_its_files(name: str) -> None:
    without = [
        pin for pin, lines in blocks(name).items() if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", lines)
    ]
    assert without == []


@pytest.mark.parametrize(
    ("sections", "name"),
    [
        (["install_requires"], PRODUCTION),
        (["install_requires", "dev"], DEVELOPMENT),
        (["sentry", "opentelemetry"], EXTRAS),
    ],
)
def test_every_supported_python_finds_all_that_it_needs_pinned(sections: list[str], name: str) -> None:
    """With `--require-hashes`, pip refuses a package that only another Python needs and that no line pins."""
    pinned = names(name)
    extras = {
        (canonicalize_name(r.name), extra)
        for section in sections
        for r in declared(section)
        for extra in r.extras
    }
    plain = {(package, "") for package in pinned if not is_elsewhere(name, package)}
    missing = {
        f"{package} needs {requirement}"
        for package, extra in plain | extras
        for requirement in map(Requirement, distribution(package).requires or ())
        if canonicalize_name(requirement.name) not in pinned and is_needed(requirement, extra)
    }
    assert missing == set()


@pytest.mark.parametrize("name", [PRODUCTION, DEVELOPMENT])
def test_a_pin_names_the_extras_with_which_others_need_it(name: str) -> None:
    """For `coverage[toml]`, pip 23 takes the newest version instead of the pin of `coverage`, and then refuses it."""
    pinned = {
        canonicalize_name(requirement.name): requirement.extras
        for requirement in map(Requirement, blocks(name))
    }
    missing = {
        f"{package} needs {requirement}"
        for package in pinned
        if not is_elsewhere(name, package)
        for requirement in map(Requirement, distribution(package).requires or ())
        if requirement.extras and is_needed(requirement, "")
        if not requirement.extras <= pinned[canonicalize_name(requirement.name)]
    }
    assert missing == set()


def is_elsewhere(name: str, package: str) -> bool:
    """Return whether the pin has a marker: it may not be installed here."""
    return (
        re.search(rf"^{re.escape(package)}(?:\[[^]]*\])?==\S+ ;", (ROOT / name).read_text(), re.MULTILINE)
        is not None
    )


def is_needed(requirement: Requirement, extra: str) -> bool:
    """Return whether a supported Python on Linux needs the requirement."""
    environments = (
        {
            "python_full_version": version,
            "python_version": version.rpartition(".")[0],
            "platform_machine": processor,
            "sys_platform": "linux",
            "extra": extra,
        }
        for version in PYTHONS
        for processor in PROCESSORS
    )
    marker = requirement.marker
    return marker is None or any(marker.evaluate(environment) for environment in environments)


def test_all_that_installs_the_requirements_requires_their_hashes() -> None:
    paths = ["Makefile", "deploy/Dockerfile", "README.md", "docs/operations.md"]
    text = "\n".join((ROOT / path).read_text().replace("\\\n", " ") for path in paths)
    installs = re.findall(r"pip install[^\n`]*requirements[^\n`]*", text)
    assert len(installs) >= 4
    assert [command for command in installs if "--require-hashes" not in command] == []
