"""Owners add, rename and remove the contents and deliverables of a product, by the rules of the catalog file."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from lumira.database import atomic, db
from lumira.errors import ChangedMeanwhile
from lumira.models import ContentKind, Language, Product, Role
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.catalog import contents
from lumira.repositories.catalog.contents import CatalogContent
from lumira.repositories.tenants import tenants
from lumira.schemas.catalog_product import MAX_ENTRIES
from lumira.services.catalog.change_entries import change_contents, change_deliverables
from tests.support import files, refunds
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand
from tests.support.portal_pages import path_of

pytestmark = pytest.mark.usefixtures("app_context")

GUIDE = {"title": "Le guide d-été", "kind": "pdf"}
READING = {"title": "Votre lecture"}


def product(brand: Brand, product_id: str = "mystique") -> str:
    return f"/dashboard/{brand.slug}/catalog/{product_id}"


def send(browser: OperatorBrowser, brand: Brand, path: str, **fields: str) -> str:
    """Send a form of the product's page, and return the page that it leads to."""
    reply = browser.submit(f"{product(brand)}/{path}", **fields)
    assert reply.headers["Location"] == product(brand)
    return browser.get(product(brand)).text


def listed(brand: Brand) -> list[tuple[str, str, str]]:
    with atomic(brand.id):
        return [(row.key, row.title, row.kind) for row in contents.list_contents(brand.id, ["mystique"])]


def find(brand: Brand, product_id: str = "mystique") -> Product:
    with atomic(brand.id):
        return db.session.get_one(Product, (brand.id, product_id))


def version(brand: Brand) -> int:
    with atomic(brand.id):
        return tenants.get(brand.id).catalog_version


def test_a_content_that_is_added_gets_a_file_and_earlier_buyers_download_it(browser, tenant, client) -> None:
    refunds.pay(tenant)
    before = version(tenant)
    assert "No content. Add one" in browser.get(product(tenant)).text
    assert "The entry was added." in send(browser, tenant, "contents", **GUIDE)
    key = "le-guide-d-ete"
    assert listed(tenant) == [(key, GUIDE["title"], "pdf")]
    browser.submit(f"{product(tenant)}/contents/{key}", file=(io.BytesIO(files.PDF), "guide.pdf"))
    assert "guide.pdf" in client.get(path_of(tenant)).text

    assert "was renamed" in send(browser, tenant, f"contents/{key}/rename", title="Le grand guide")
    assert "Le grand guide" in client.get(path_of(tenant)).text
    assert "buyers no longer see it" in send(browser, tenant, f"contents/{key}/remove-entry")
    portal = client.get(path_of(tenant)).text
    assert "Le grand guide" not in portal
    assert "guide.pdf" not in portal

    send(browser, tenant, "contents", **GUIDE)
    assert "guide.pdf" in client.get(path_of(tenant)).text
    assert version(tenant) == before + 4
    assert find(tenant).edited_at is not None
    entries = files.audited(tenant, "product_changed")
    assert {entry.actor for entry in entries} == {browser.operator.actor}
    assert [list(entry.details["fields"]) for entry in entries] == [[f"content {key}"]] * 4


def test_a_deliverable_counts_for_later_orders_and_earlier_ones_keep_theirs(browser, tenant) -> None:
    queue = f"/dashboard/{tenant.slug}/deliverables"
    send(browser, tenant, "deliverables", **READING, key="lecture")
    assert READING["title"] not in browser.get(queue).text
    refunds.pay(tenant)
    assert READING["title"] in browser.get(queue).text
    assert "was renamed" in send(browser, tenant, "deliverables/lecture/rename", title="Autre titre")
    assert find(tenant).deliverables == [{"key": "lecture", "title": "Autre titre"}]
    assert "Earlier ones keep theirs" in send(browser, tenant, "deliverables/lecture/remove-entry")
    assert find(tenant).deliverables == []
    assert READING["title"] in browser.get(queue).text


def test_entries_keep_their_order_and_a_form_sent_twice_adds_one(browser, tenant) -> None:
    for title in ("B", "A", "C"):
        send(browser, tenant, "contents", title=title, kind="file")
    assert "Nothing changed." in send(browser, tenant, "contents", title="C", kind="file")
    send(browser, tenant, "contents/a/rename", title="Z")
    assert [key for key, _, _ in listed(tenant)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("part", "wrong", "text"),
    [
        ("contents", {"title": ""}, "Write a title"),
        ("contents", {"title": "x" * 201}, "Write a title"),
        ("contents", {"title": "two\nlines"}, "Write a title"),
        ("contents", {"title": "水晶"}, "A key has lower-case letters"),
        ("contents", {"key": "Not a key"}, "A key has lower-case letters"),
        ("contents", {"kind": "film"}, "Choose one of the kinds"),
        ("contents", {"key": "carte"}, "Each entry has a key of its own"),
        ("deliverables", {"title": ""}, "Write a title"),
        ("deliverables", {"key": "../x"}, "A key has lower-case letters"),
    ],
)
def test_what_the_catalog_file_would_refuse_is_refused_and_explained(
    browser, tenant, part, wrong, text
) -> None:
    files.contain(tenant, "mystique", "carte")
    fields = (GUIDE if part == "contents" else READING) | wrong
    assert text in send(browser, tenant, part, **fields)
    assert [key for key, _, _ in listed(tenant)] == ["carte"]
    assert find(tenant).deliverables == []
    assert find(tenant).edited_at is None


def test_a_title_without_text_is_refused_when_an_entry_is_renamed(browser, tenant) -> None:
    files.contain(tenant, "mystique", "carte")
    assert "Write a title" in send(browser, tenant, "contents/carte/rename", title=" ")
    assert listed(tenant) == [("carte", "Votre carte", "pdf")]


def test_a_product_has_no_more_entries_than_the_catalog_file_permits(browser, tenant) -> None:
    files.contain(tenant, "mystique", *(f"c{number}" for number in range(MAX_ENTRIES)))
    assert "50 at most" in send(browser, tenant, "contents", **GUIDE)
    assert len(listed(tenant)) == MAX_ENTRIES


def test_a_physical_product_has_no_entries(browser, tenant) -> None:
    form = {"name": "Tasse", "amount": "24", "stock": "7"}
    browser.submit(f"/dashboard/{tenant.slug}/catalog/-/new?kind=physical", **form)
    assert "Add a content" not in browser.get(product(tenant, "tasse")).text
    browser.submit(f"{product(tenant, 'tasse')}/deliverables", **READING)
    assert "a physical product has none" in browser.get(product(tenant, "tasse")).text
    assert find(tenant, "tasse").deliverables == []


def test_an_entry_that_does_not_exist_is_not_found(browser, tenant) -> None:
    for part in ("contents", "deliverables"):
        for action in ("rename", "remove-entry"):
            reply = browser.submit(f"{product(tenant)}/{part}/nothing/{action}", title="x")
            assert reply.status_code == 404


def test_a_viewer_and_another_team_change_nothing(app, browser, tenant, other_tenant) -> None:
    files.contain(tenant, "mystique", "carte")
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    stranger = sign_in(app, make_operator(other_tenant))
    assert "Rename or remove" not in viewer.get(product(tenant)).text
    for path in ("contents", "contents/carte/rename", "contents/carte/remove-entry", "deliverables"):
        assert viewer.submit(f"{product(tenant)}/{path}", **GUIDE).status_code == 403
        assert stranger.submit(f"{product(tenant)}/{path}", **GUIDE).status_code == 404
    assert listed(tenant) == [("carte", "Votre carte", "pdf")]


def test_a_list_that_changed_since_it_was_read_is_not_overwritten(browser, tenant) -> None:
    files.contain(tenant, "mystique", "carte")
    guide = CatalogContent("mystique", "guide", "Guide", ContentKind.PDF)
    with pytest.raises(ChangedMeanwhile):
        change_contents(tenant.id, "mystique", [guide], seen=[], actor="test")
    with pytest.raises(ChangedMeanwhile):
        change_deliverables(tenant.id, "mystique", [], seen=[{"key": "x", "title": "X"}], actor="test")
    assert listed(tenant) == [("carte", "Votre carte", "pdf")]
    assert find(tenant).edited_at is None


def test_two_owners_who_add_at_the_same_time_lose_no_entry_unnoticed(app, tenant) -> None:
    browsers = [sign_in(app, make_operator(tenant)) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        list(
            pool.map(
                lambda number: browsers[number].submit(
                    f"{product(tenant)}/contents", title=f"Guide {number}", kind="pdf"
                ),
                range(2),
            )
        )
    pages = [browser.get(product(tenant)).text for browser in browsers]
    assert len(listed(tenant)) == sum("The entry was added." in page for page in pages) >= 1


@pytest.mark.parametrize("language", list(Language))
def test_every_kind_of_content_has_a_name(language) -> None:
    assert set(TEXTS[language]["entries"]["kinds"]) == set(ContentKind)
