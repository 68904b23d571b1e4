"""An operator is invited, sets up an account and signs in; everyone can read and operate the pages, in every window."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from lumira import operator_tokens
from lumira.models import Language, Role
from lumira.services.operators.invite_operator import invite_operator
from tests.browser.accessibility import serious_findings
from tests.browser.navigation import go_to
from tests.browser.violations import list_violations
from tests.browser.windows import DESKTOP, PHONE, SMALLEST, Window, fits
from tests.support.dashboard import PASSWORD, Operator, add_role, make_operator
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

SIGN_IN = "/dashboard/-/sign-in"


def invite(brand: Brand, email: str) -> str:
    return operator_tokens.path_of(
        invite_operator(brand.id, email, role=Role.OWNER, actor="test", is_sent=False).address
    )


def sign_in(page: Page, served: str, operator: Operator) -> None:
    page.goto(f"{served}{SIGN_IN}")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"/dashboard(/[^-].*)?$"))


def test_an_invited_person_sets_up_an_account_without_javascript(
    page: Page, served: str, tenant: Brand, look
) -> None:
    page.goto(served + invite(tenant, f"new@{tenant.domain}"))
    expect(page.get_by_role("heading", name="Créer votre accès")).to_be_visible()
    expect(page.get_by_role("img", name="Code QR pour l’application d’authentification")).to_be_visible()
    look("dashboard-set-up")
    assert fits(page)
    secret = page.locator("code").inner_text()
    page.get_by_label("Mot de passe").fill("court")
    page.get_by_label("Code à six chiffres").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Créer mon accès").click()
    expect(page.get_by_text("Ce mot de passe est trop court")).to_be_visible()
    look("dashboard-set-up-refused")

    # The secret is the same: the app need not scan it again.
    assert page.locator("code").inner_text() == secret
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Code à six chiffres").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Créer mon accès").click()
    expect(page.get_by_role("heading", name="Vos codes de récupération")).to_be_visible()
    look("dashboard-recovery-codes")
    assert fits(page)
    page.get_by_role("link", name="Je les ai notés : continuer").click()
    page.wait_for_url(f"**/dashboard/{tenant.slug}")


def test_an_operator_works_and_signs_out_without_javascript(
    page: Page, served: str, tenant: Brand, look
) -> None:
    operator = make_operator(tenant, language=Language.FRENCH)
    page.goto(f"{served}/dashboard")
    look("dashboard-sign-in")
    sign_in(page, served, operator)
    go_to(page, "Équipe", group="Boutique")
    page.get_by_role("banner").get_by_text(operator.email).click()
    look("dashboard-team")
    assert fits(page)
    page.get_by_role("link", name="Mon compte").click()
    look("dashboard-account")
    assert fits(page)
    page.get_by_text(operator.email, exact=True).first.click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("status")).to_contain_text("Vous êtes déconnecté.")

    page.go_back()
    # The browser has kept no page: it asks again, and is led to sign-in.
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_excludes_anyone(
    open_window: Callable[[Window], Page],
    window: Window,
    scheme: str,
    served: str,
    tenant: Brand,
    other_tenant: Brand,
) -> None:
    language = Language.of(window.locale)
    operator = make_operator(tenant, language=language)
    add_role(operator, other_tenant, Role.VIEWER)
    make_operator(tenant, Role.VIEWER)
    invite(tenant, f"pending@{tenant.domain}")
    page = open_window(window)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = {}
    opened: set[str] = set()

    def check(name: str) -> None:
        findings = serious_findings(page)
        if findings or not fits(page):
            found[name] = findings or ["does not fit"]

    for name, path in {"sign-in": SIGN_IN, "set-up": invite(tenant, f"x@{tenant.domain}")}.items():
        page.goto(served + path)
        check(name)
    sign_in(page, served, operator)
    check("shops")
    for name, path in {
        "overview": f"/dashboard/{tenant.slug}",
        "team": f"/dashboard/{tenant.slug}/team",
        "keys": f"/dashboard/{tenant.slug}/keys",
        "account": "/dashboard/-/account",
        "app": "/dashboard/-/account/app",
        "confirm": "/dashboard/-/confirm",
        "accept": invite(other_tenant, f"y@{tenant.domain}"),
        "not found": f"/dashboard/{tenant.slug}/nothing",
        "forbidden": f"/dashboard/{other_tenant.slug}/team",
    }.items():
        page.goto(served + path)
        for summary in page.locator("details.menu summary:visible").all():
            # The same menus are on every page: each is opened once.
            if (label := summary.inner_text()) in opened:
                continue
            opened.add(label)
            summary.click()
            check(f"{name}, menu open")
            summary.click()
        check(name)
    assert found == {}


def test_the_pages_fit_the_smallest_window(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    operator = make_operator(tenant, email=f"{'long' * 12}@{tenant.domain}")
    page = open_window(SMALLEST)
    sign_in(page, served, operator)
    for path in (
        f"/dashboard/{tenant.slug}",
        f"/dashboard/{tenant.slug}/team",
        f"/dashboard/{tenant.slug}/keys",
    ):
        page.goto(served + path)
        assert fits(page), path


def test_the_keyboard_reaches_the_content_first(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    page = open_window(DESKTOP)
    sign_in(page, served, make_operator(tenant))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_no_other_page_shows_the_dashboard_in_a_frame(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    page = open_window(DESKTOP)
    sign_in(page, served, make_operator(tenant))
    path = f"/dashboard/{tenant.slug}/team"
    page.route(
        "**/framing",
        lambda route: route.fulfill(content_type="text/html", body=f'<iframe src="{path}"></iframe>'),
    )
    page.goto(f"{served}/framing")
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert "Team" not in frame.content()
    reported = list_violations(page.context.browser)  # type: ignore[arg-type]
    assert any("frame-ancestors 'none'" in violation for violation in reported)
    reported.clear()
