"""docs/changing.md names every file that a new policy has to touch, derived from the existing policies."""

import re
from pathlib import Path

import pytest

from config.settings import ROOT
from lumira.models import Order, OrderLine, Product, Tenant

#: The policies that an operator sets on a product or tenant and that an order freezes.
POLICIES = ("on_partial_refund", "restock_on_refund", "delayed_methods", "access_days", "release_on_failure")
_PATH = re.compile(r"`([\w./-]+\.py)`")


def _policy_section() -> str:
    page = (ROOT / "docs" / "changing.md").read_text()
    sections = [
        section for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:] if _is_about_policy(section)
    ]
    assert len(sections) == 1, "docs/changing.md needs one section with 'policy' in its heading."
    return sections[0]


def _is_about_policy(section: str) -> bool:
    return "policy" in section.partition("\n")[0].lower()


def _files_with(name: str) -> set[str]:
    word = re.compile(rf"\b{name}\b")
    sources: list[Path] = sorted((ROOT / "lumira").rglob("*.py"))
    return {source.relative_to(ROOT).as_posix() for source in sources if word.search(source.read_text())}


@pytest.mark.parametrize("policy", POLICIES)
def test_the_page_names_every_file_in_which_a_policy_occurs(policy: str) -> None:
    named = set(_PATH.findall(_policy_section()))
    assert _files_with(policy) - named == set(), f"docs/changing.md does not name these files of {policy}."


def test_the_page_names_only_files_in_which_a_policy_occurs() -> None:
    named = {path for path in _PATH.findall(_policy_section()) if path.startswith("lumira/")}
    assert named - set().union(*map(_files_with, POLICIES)) == set()


@pytest.mark.parametrize("policy", POLICIES)
def test_an_order_freezes_every_policy(policy: str) -> None:
    setting, frozen = (Tenant, Order) if hasattr(Tenant, policy) else (Product, OrderLine)
    assert policy in setting.__table__.columns
    assert policy in frozen.__table__.columns
