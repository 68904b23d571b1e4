"""The page of the accounting export: figures, CSV files, and files that a worker prepares."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
import time_machine
from flask import Flask

from lumira.clock import utc_now
from lumira.errors.files import RenderingUnavailable
from lumira.models import AccountingFile, AccountingFileState, AuditEntry, Language, Receipt, Role
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.installation import due_work
from lumira.services.accounting.prepare_files import KEPT, prepare_files, remove_old_files
from tests.support import fec
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, count
from tests.support.ledger_year import YEAR, make_seller, make_year

pytestmark = pytest.mark.usefixtures("app_context")

WHOLE = {"from": f"{YEAR}-01-01", "to": f"{YEAR}-12-31"}
QUERY = f"?from={YEAR}-01-01&to={YEAR}-12-31"


@pytest.fixture(scope="module")
def brand(app: Flask, sandbox) -> Iterator[Brand]:
    """A brand with a few sales of one year."""
    with app.app_context():
        made = make_seller(sandbox.url)
        make_year(made, sales=0)
        yield made


def render(document: Receipt, language: str) -> bytes:
    return f"{language} {document.label}".encode()


def owner_of(app: Flask, brand: Brand, role: Role = Role.OWNER, **options: Language) -> OperatorBrowser:
    return sign_in(app, make_operator(brand, role, **options))


def request_file(browser: OperatorBrowser, brand: Brand, kind: str, **period: str) -> str:
    """Send the form, and return the page that it leads to."""
    reply = browser.submit(f"/dashboard/{brand.slug}/accounting/files", kind=kind, **(period or WHOLE))
    assert reply.status_code == 303
    return browser.get(reply.headers["Location"]).text


def prepared(browser: OperatorBrowser, brand: Brand) -> list[str]:
    page = browser.get(f"/dashboard/{brand.slug}/accounting{QUERY}").text
    return re.findall(rf"/dashboard/{brand.slug}/accounting/files/[0-9a-f-]+", page)


@pytest.mark.parametrize("language", list(Language))
def test_the_page_shows_the_figures_of_a_period_and_its_files(app, brand, language: Language) -> None:
    words = TEXTS[language]["accounting"]
    page = owner_of(app, brand, language=language).get(f"/dashboard/{brand.slug}/accounting{QUERY}").text
    for text in (words["title"], words["fees"], words["buttons"]["fec"], *words["csv"].values()):
        assert text in page
    assert "5.50 %" in page or "5,50 %" in page
    assert words["eu"].format(YEAR) in page


def test_a_month_without_sales_and_a_malformed_period_are_said(app, brand) -> None:
    browser = owner_of(app, brand)
    words = TEXTS[Language.ENGLISH]["accounting"]
    assert words["no_sales"] in browser.get(f"/dashboard/{brand.slug}/accounting").text
    for query in ("from=2026-02-01&to=2026-01-01", "from=yesterday&to=", "from=2000-01-01&to=2026-01-01"):
        reply = browser.get(f"/dashboard/{brand.slug}/accounting?{query}")
        assert (reply.status_code, words["invalid_day"] in reply.text) == (400, True)
    assert browser.get(f"/dashboard/{brand.slug}/accounting/secrets.csv{QUERY}").status_code == 404


def test_a_viewer_downloads_csv_files_and_prepares_none(app, brand) -> None:
    viewer = owner_of(app, brand, Role.VIEWER)
    assert (
        TEXTS[Language.ENGLISH]["accounting"]["prepare"]
        not in viewer.get(f"/dashboard/{brand.slug}/accounting{QUERY}").text
    )
    exported = viewer.get(f"/dashboard/{brand.slug}/accounting/sales.csv{QUERY}")
    assert exported.mimetype == "text/csv"
    assert len(exported.text.splitlines()) == count(brand, Receipt) + 1
    assert viewer.submit(f"/dashboard/{brand.slug}/accounting/files", kind="fec", **WHOLE).status_code == 403


def test_a_requested_file_is_prepared_once_by_a_worker_and_downloaded(app, brand) -> None:
    browser = owner_of(app, brand)
    words = TEXTS[Language.ENGLISH]["accounting"]
    assert words["messages"]["requested"] in request_file(browser, brand, "fec")
    assert words["messages"]["already"] in request_file(browser, brand, "fec")
    assert brand.id in due_work.tenants_with_due_accounting_files(utc_now())
    assert prepare_files(brand.id, render=render) == 1
    assert brand.id not in due_work.tenants_with_due_accounting_files(utc_now())

    [path] = prepared(browser, brand)
    reply = browser.get(path)
    assert f"732829320FEC{YEAR}1231.txt" in reply.headers["Content-Disposition"]
    assert {line.journal for line in fec.parse(reply.data)} == {"VE", "ST", "BQ"}
    assert count(brand, AuditEntry, action="accounting_exported", subject="tenant") >= 1


def test_missing_pdfs_are_counted_and_old_files_are_removed(app, brand) -> None:
    browser = owner_of(app, brand)
    request_file(browser, brand, "documents")
    refused: list[str] = []

    def render_all_but_one(document: Receipt, language: str) -> bytes:
        if not refused or document.label in refused:
            refused.append(document.label)
            raise RenderingUnavailable("no font")
        return render(document, language)

    assert prepare_files(brand.id, render=render_all_but_one) == 1
    page = browser.get(f"/dashboard/{brand.slug}/accounting").text
    assert TEXTS[Language.ENGLISH]["accounting"]["missing"].format(1) in page
    path = prepared(browser, brand)[0]
    with ZipFile(BytesIO(browser.get(path).data)) as archive:
        assert len(archive.namelist()) == count(brand, Receipt)

    with time_machine.travel(utc_now() + KEPT + timedelta(minutes=1), tick=False):
        assert remove_old_files(brand.id) >= 1
    assert browser.get(path).status_code == 404


def test_a_file_that_cannot_be_prepared_fails_visibly_after_some_attempts(app, brand) -> None:
    browser = owner_of(app, brand)
    request_file(browser, brand, "documents", **{"from": f"{YEAR}-01-01", "to": f"{YEAR}-02-28"})

    def broken(_document: Receipt, _language: str) -> bytes:
        raise OSError("no space left on device")

    now = utc_now()
    for attempt in range(5):
        with time_machine.travel(now + timedelta(hours=2 * attempt), tick=False):
            assert prepare_files(brand.id, render=broken) == 0
    assert count(brand, AccountingFile, state=AccountingFileState.FAILED) == 1
    page = browser.get(f"/dashboard/{brand.slug}/accounting").text
    assert TEXTS[Language.ENGLISH]["accounting"]["failed"] in page


def test_a_file_whose_every_process_was_killed_fails_visibly(app, brand) -> None:
    browser = owner_of(app, brand)
    request_file(browser, brand, "documents", **{"from": f"{YEAR}-03-01", "to": f"{YEAR}-03-31"})

    def killed(_document: Receipt, _language: str) -> bytes:
        raise KeyboardInterrupt

    begun = 0
    now = utc_now()
    for attempt in range(30):
        with time_machine.travel(now + timedelta(hours=attempt), tick=False):
            try:
                prepare_files(brand.id, render=killed)
            except KeyboardInterrupt:
                begun += 1
    assert begun == 20
    assert count(brand, AccountingFile, state=AccountingFileState.PENDING) == 0


def test_what_cannot_be_exported_is_refused_with_the_reason_and_nothing_is_prepared(app, brand) -> None:
    browser = owner_of(app, brand)
    today = utc_now().date()
    refused = request_file(browser, brand, "fec", **{"from": f"{today}", "to": f"{today}"})
    assert "Choose an earlier last day." in refused
    empty = request_file(browser, brand, "documents", **{"from": "2020-01-01", "to": "2020-01-31"})
    assert "There is no receipt and no credit note in this period." in empty
    assert count(brand, AccountingFile, state=AccountingFileState.PENDING) == 0
