"""Every route, every role, another tenant: whoever may not open a page gets nothing, by any method."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from flask import Flask

from lumira.blueprints.pages.dashboard.routing import Audience, dashboard
from lumira.domain.operators import Role
from tests.support.dashboard import OperatorBrowser, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

PREFIX = "/dashboard"


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and rule of every route of the dashboard."""
    return [
        (rule.endpoint, method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.rule == PREFIX or rule.rule.startswith(f"{PREFIX}/")
    ]


def path_of(rule: str, slug: str) -> str:
    """A path of the rule in the shop with this slug; the other parts name nothing that exists."""
    path = rule.replace("<tenant>", slug)
    path = re.sub(r"<uuid:[^>]*>", lambda _: str(uuid4()), path)
    return re.sub(r"<[^>]*>", "nothing-there", path)


def request(browser: OperatorBrowser, method: str, path: str, token: str | None = None) -> int:
    if method == "GET":
        return browser.get(path).status_code
    return browser.client.open(path, method=method, data={"csrf_token": token} if token else {}).status_code


def test_every_route_declares_who_may_open_it(app) -> None:
    found = {endpoint for endpoint, _, _ in routes(app)}
    assert len(found) > 20
    assert found == set(dashboard.access)
    for endpoint, _, rule in routes(app):
        access = dashboard.access[endpoint]
        assert ("<tenant>" in rule) is (access.audience is Audience.TEAM), rule
        assert (access.may is not None) is (access.audience is Audience.TEAM), rule


def test_only_these_routes_are_open_to_everyone(app) -> None:
    is_open = {
        (method, rule)
        for endpoint, method, rule in routes(app)
        if dashboard.access[endpoint].audience in (Audience.EVERYONE, Audience.CACHES)
    }
    assert is_open == {
        ("GET", "/dashboard/-/assets/<version>/<name>"),
        ("GET", "/dashboard/-/set-up/<token>"),
        ("GET", "/dashboard/-/sign-in"),
        ("POST", "/dashboard/-/set-up/<token>"),
        ("POST", "/dashboard/-/sign-in"),
    }


def test_without_a_session_every_route_leads_to_sign_in(app, tenant) -> None:
    browser = open_browser(app)
    token = browser.token("/dashboard/-/sign-in")
    for endpoint, method, rule in routes(app):
        if dashboard.access[endpoint].audience in (Audience.EVERYONE, Audience.CACHES):
            continue
        path = path_of(rule, tenant.slug)
        data = {"csrf_token": token} if method != "GET" else None
        reply = browser.client.open(path, method=method, data=data)
        assert reply.status_code == 303, (method, path)
        assert reply.headers["Location"].startswith("/dashboard/-/sign-in?next="), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_a_route_of_a_shop_is_closed_to_lower_roles_and_other_tenants(
    app, tenant, other_tenant: Brand, role
) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    token = browser.token()
    for endpoint, method, rule in routes(app):
        access = dashboard.access[endpoint]
        if access.audience is not Audience.TEAM or access.may is None:
            continue
        foreign = request(browser, method, path_of(rule, other_tenant.slug), token)
        unknown = request(browser, method, path_of(rule, "no-such-shop"), token)
        assert (foreign, unknown) == (404, 404), (method, rule)
        own = request(browser, method, path_of(rule, tenant.slug), token)
        assert (own == 403) is not access.permits(role), (method, rule, own)
        assert own < 500, (method, rule, own)


def test_a_foreign_shop_looks_like_one_that_does_not_exist(app, tenant, other_tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    # The tokens of the forms name the second.
    with time_machine.travel(datetime.now(UTC), tick=False):
        foreign = browser.get(f"/dashboard/{other_tenant.slug}")
        unknown = browser.get("/dashboard/no-such-shop")
    assert foreign.text.replace(other_tenant.slug, "no-such-shop") == unknown.text
    assert other_tenant.name not in foreign.text


def test_no_form_is_accepted_without_its_token(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    for endpoint, method, rule in routes(app):
        if method != "GET":
            path = path_of(rule, tenant.slug)
            for token in (None, "", "forged", f"x{browser.token()[1:]}"):
                assert request(browser, method, path, token) == 400, (endpoint, token)


def test_the_token_of_another_session_is_not_accepted(app, tenant) -> None:
    mine = sign_in(app, make_operator(tenant))
    theirs = sign_in(app, make_operator(tenant)).token()
    assert request(mine, "POST", "/dashboard/-/sign-out", theirs) == 400
    anonymous = open_browser(app)
    before = anonymous.token("/dashboard/-/sign-in")
    anonymous.sign_in(make_operator(tenant))
    assert request(anonymous, "POST", "/dashboard/-/sign-out", before) == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_a_token(app, tenant, headers) -> None:
    browser = sign_in(app, make_operator(tenant))
    data = {"csrf_token": browser.token()}
    reply = browser.client.post("/dashboard/-/sign-out", data=data, headers=headers)
    assert reply.status_code == 400
    assert browser.get("/dashboard/-/account").status_code == 200


def test_every_page_is_kept_by_no_cache_and_shown_in_no_frame(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    for path in (
        "/dashboard/-/account",
        f"/dashboard/{tenant.slug}",
        f"/dashboard/{tenant.slug}/team",
        "/dashboard/x",
    ):
        headers = browser.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"


def test_style_sheets_and_script_are_kept_by_browsers_until_they_change(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    browser.submit("/dashboard/-/sign-out")
    page = browser.get("/dashboard/-/sign-in").text
    urls = re.findall(r'(?:href|src)="(/dashboard/-/assets/[^"]+)"', page)
    assert len(urls) == 3
    for url in urls:
        reply = browser.get(url)
        reply.close()
        # The reply is the same for everyone, so that any cache may keep it.
        assert "Set-Cookie" not in reply.headers
        assert "Cookie" not in reply.headers.get("Vary", "")
        assert (reply.status_code, "immutable" in reply.headers["Cache-Control"]) == (200, True)
    assert browser.get("/dashboard/-/assets/x/../../wsgi.py").status_code == 404
    assert browser.get("/dashboard/-/assets/x/other.css").status_code == 404


def test_pages_load_nothing_from_elsewhere_and_have_no_inline_code(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    for path in ("/dashboard/-/account", f"/dashboard/{tenant.slug}", f"/dashboard/{tenant.slug}/team"):
        page = browser.get(path).text
        assert not re.search(r"""(?:src|href)="(?!/|data:,|#)""", page)
        assert not re.search(r"<style|\sstyle=|<script>|\son[a-z]+=", page)


def test_other_pages_of_lumira_set_no_cookie_and_depend_on_none(app, tenant) -> None:
    reply = app.test_client().get("/api/products", headers=tenant.publishable)
    assert reply.status_code == 200
    assert "Cookie" not in reply.headers.get("Vary", "")
    assert "Set-Cookie" not in reply.headers
