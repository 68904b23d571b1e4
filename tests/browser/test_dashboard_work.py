"""An expert makes a deliverable, on a phone without JavaScript and on a desktop screen with it."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import pytest
from playwright.sync_api import Page, expect

from lumira.models import DeliverableState, Language, Role
from lumira.services.files.view_deliverables import view_deliverables
from tests.browser.windows import fits
from tests.support import files
from tests.support.dashboard import make_operator
from tests.support.factories import Brand, pending_messages

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def work(page: Page, served: str, tenant: Brand) -> Page:
    """The queue, after an expert has signed in."""
    operator = make_operator(tenant, Role.EXPERT, language=Language.FRENCH)
    page.goto(f"{served}/dashboard/-/sign-in")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"**/dashboard/{tenant.slug}/deliverables")
    return page


def test_an_expert_uploads_a_file_and_delivers_it(work: Page, tenant: Brand, look) -> None:
    order = files.buy_promise(tenant)
    work.reload()
    look("dashboard-queue")
    assert fits(work)
    work.get_by_role("link", name="Votre lecture").click()
    work.get_by_role("button", name="Je m’en occupe").click()
    expect(work.get_by_role("status")).to_contain_text("vous vous occupez de ce livrable")

    work.get_by_label("Fichier à ajouter").set_input_files(
        {"name": '"><img src=x onerror=alert(1)>.png', "mimeType": "image/png", "buffer": files.PNG}
    )
    work.get_by_role("button", name="Envoyer le fichier").click()
    expect(work.get_by_role("status")).to_contain_text("Le fichier est enregistré")
    expect(work.get_by_role("link", name='"><img src=x onerror=alert(1)>.png')).to_be_visible()
    expect(work.get_by_role("img", name="Aperçu de")).to_be_visible()
    look("dashboard-deliverable")
    assert fits(work)

    work.get_by_role("button", name="Livrer à l’acheteur").click()
    expect(work.get_by_role("status")).to_contain_text("C’est livré")
    [view] = view_deliverables(tenant.id, order.order_number)
    assert view.state is DeliverableState.DELIVERED
    assert "deliverable_ready" in pending_messages(tenant, order.id)


def test_a_refused_file_is_explained_beside_the_form(work: Page, tenant: Brand) -> None:
    files.buy_promise(tenant)
    work.reload()
    work.get_by_role("link", name="Votre lecture").click()
    work.get_by_label("Fichier à ajouter").set_input_files(
        {"name": "a.html", "mimeType": "text/html", "buffer": b"<script>"}
    )
    work.get_by_role("button", name="Envoyer le fichier").click()
    expect(work.get_by_role("status")).to_contain_text("Ce fichier n’est pas accepté")
