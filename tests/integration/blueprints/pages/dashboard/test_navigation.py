"""The navigation shows each role the pages that it may open, in groups, and where it is."""

import re

import pytest
from flask import Flask

from lumira.models import Language, Role
from lumira.pages.dashboard.frame import NAVIGATION
from lumira.pages.dashboard.texts import TEXTS
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

_GROUP = re.compile(r"<details.*?<summary[^>]*>([^<]*)</summary>(.*?)</details>", re.DOTALL)
_LINK = re.compile(r'href="([^"]*)"')


def navigation(browser: OperatorBrowser, path: str) -> str:
    """The navigation of a page."""
    found = re.search(r'<nav class="pages".*?</nav>', browser.get(path).text, re.DOTALL)
    assert found, path
    return found[0]


def links(html: str, tenant: Brand) -> list[str]:
    """The paths below the shop's to which the links lead."""
    return [path.removeprefix(f"/dashboard/{tenant.slug}") for path in _LINK.findall(html)]


def groups(html: str, tenant: Brand) -> dict[str, list[str]]:
    """The links of each group by its name; those that are always visible by no name."""
    found = {name: links(inside, tenant) for name, inside in _GROUP.findall(html)}
    return {"": links(_GROUP.sub("", html), tenant)} | found


def test_an_owner_finds_everyday_pages_first_and_the_others_in_groups(app: Flask, tenant: Brand) -> None:
    browser = sign_in(app, make_operator(tenant))

    found = groups(navigation(browser, f"/dashboard/{tenant.slug}"), tenant)

    assert list(found) == ["", "To do", "Accounting", "System", "Shop"]
    assert found[""] == ["", "/orders", "/customers", "/catalog", "/deliverables"]
    assert {"/alerts", "/disputes", "/withdrawals"} <= set(found["To do"])
    assert {"/messages", "/webhooks", "/set-up"} <= set(found["System"])
    assert {"/settings", "/keys", "/team"} <= set(found["Shop"])
    assert sorted(path for paths in found.values() for path in paths) == sorted(
        entry.path for entry in NAVIGATION
    )


def test_groups_have_names_in_french(app: Flask, tenant: Brand) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    found = groups(navigation(browser, f"/dashboard/{tenant.slug}"), tenant)
    assert list(found) == ["", "À traiter", "Comptabilité", "Technique", "Boutique"]


@pytest.mark.parametrize("role", Role)
def test_every_role_may_open_every_page_of_its_navigation(app: Flask, tenant: Brand, role: Role) -> None:
    operator = make_operator(tenant, role)
    browser = sign_in(app, operator)
    shown = links(navigation(browser, f"/dashboard/{tenant.slug}/deliverables"), tenant)
    assert shown
    for path in shown:
        assert browser.get(f"/dashboard/{tenant.slug}{path}").status_code == 200, path
    for entry in NAVIGATION:
        if entry.path not in shown:
            assert browser.get(f"/dashboard/{tenant.slug}{entry.path}").status_code == 403, entry.path


def test_a_group_without_a_page_for_the_role_is_not_shown(app: Flask, tenant: Brand) -> None:
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    assert list(groups(navigation(viewer, f"/dashboard/{tenant.slug}"), tenant)) == [
        "",
        "To do",
        "Accounting",
        "System",
    ]


def test_an_expert_has_one_page_and_no_menu(app: Flask, tenant: Brand) -> None:
    expert = sign_in(app, make_operator(tenant, Role.EXPERT))
    html = navigation(expert, f"/dashboard/{tenant.slug}/deliverables")
    assert groups(html, tenant) == {"": ["/deliverables"]}
    assert "popover" not in html


@pytest.mark.parametrize("entry", NAVIGATION, ids=lambda entry: entry.name)
def test_the_current_page_and_its_group_are_marked(app: Flask, tenant: Brand, entry) -> None:
    browser = sign_in(app, make_operator(tenant))

    html = navigation(browser, f"/dashboard/{tenant.slug}{entry.path}?state=")

    [current] = re.findall(r'<a [^>]*href="([^"]*)" aria-current="page">', html)
    assert current == f"/dashboard/{tenant.slug}{entry.path}"
    marked = re.findall(r'<summary[^>]* aria-current="true">([^<]*)', html)
    words = TEXTS[Language.ENGLISH]["layout"]["groups"]
    assert marked == ([words[entry.group]] if entry.group else [])
