"""`flask receipts archive` writes a year that `receipts verify --archive` proves without the database."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
import time_machine

from config.settings import Settings
from lumira.services.chains import heads
from lumira.services.receipts import archive
from lumira.services.receipts.close_periods import close_periods
from tests.integration.cli.conftest import RunFlask
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.factories import BUYER, Brand
from tests.support.receipt_chains import make_live
from tests.support.refunds import audited
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

YEAR = 2025
SALES = [
    datetime(2024, 12, 31, 12, tzinfo=UTC),
    *(datetime(2025, month, 1, 12, tzinfo=UTC) for month in (1, 2, 3)),
]


@pytest.fixture
def brand(make_brand: Callable[..., Brand], settings: Settings) -> Brand:
    """A brand with one sale in 2024, three in 2025 of which one was refunded in part, and one in 2026."""
    brand = make_brand(seller=seller.WITH_VAT, time_zone="Europe/Paris")
    for at in SALES:
        with time_machine.travel(at, tick=False):
            intent = pay(brand)
    with time_machine.travel(datetime(2025, 4, 1, tzinfo=UTC), tick=False):
        report_refund(brand, intent, 1000)
    with time_machine.travel(datetime(2026, 1, 2, tzinfo=UTC), tick=False):
        pay(brand)
    make_live(brand, settings)
    close_periods(brand.id)
    return brand


@pytest.fixture
def path(run_flask: RunFlask, brand: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(archive, "PAGE", 2)
    path = tmp_path / "receipts.zip"
    printed = run_flask("receipts", "archive", brand.slug, "--year", str(YEAR), "-o", path).stdout
    assert printed == f"4 documents written to {path}.\n"
    return path


def rewritten(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Return a copy of the archive in which one file is changed."""
    copy = path.with_name("changed.zip")
    with ZipFile(path) as old, ZipFile(copy, "w") as new:
        for each in old.namelist():
            new.writestr(each, change(old.read(each)) if each == name else old.read(each))
    return copy


def test_an_archive_has_the_documents_and_closings_of_its_year_and_no_buyer(path: Path) -> None:
    with ZipFile(path) as file:
        documents = [json.loads(line)["content"] for line in file.read("receipts.jsonl").splitlines()]
        closings = [json.loads(line)["content"] for line in file.read("closings.jsonl").splitlines()]
        manifest = json.loads(file.read("manifest.json"))

    assert [(document["kind"], document["year"]) for document in documents] == [
        *[("receipt", YEAR)] * 3,
        ("credit_note", YEAR),
    ]
    assert documents[0]["lines"][0]["amount"] == 4700
    assert BUYER not in str(documents)
    assert len(closings) == 365 + 12 + 1
    assert closings[-1]["totals"] == [["eur", "20.00", 3, 3 * 4700, 3 * 783, 1, 1000, 166]]
    assert (manifest["year"], manifest["files"]["receipts.jsonl"]["lines"]) == (YEAR, 4)
    assert path.stat().st_mode & 0o077 == 0


def test_an_archive_is_verified_without_the_database(
    run_flask: RunFlask, path: Path, statements: Statements
) -> None:
    def verify() -> None:
        printed = run_flask("receipts", "verify", "--archive", path).stdout
        assert printed == "The archive is unchanged: 4 documents.\n"

    assert statements.made_by(verify) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("receipts.jsonl", b'"amount" : 4700', b'"amount" : 4701', "R-2025-000001 was changed (link 2)"),
        ("closings.jsonl", b"4700", b"4701", "the closing of the day 2025-01-01 was changed"),
        ("receipts.jsonl", b'{"sequence": 4', b'{"sequence": 5', "the line before link 5 is missing"),
        ("receipts.jsonl", b"{", b"x", "line 1 is no link"),
        ("manifest.json", b'"year": 2025', b'"year": 2024', "was not signed with this SECRET_KEY"),
    ],
)
def test_what_was_changed_in_an_archive_is_named(
    run_flask: RunFlask, path: Path, name: str, old: bytes, new: bytes, expected: str
) -> None:
    with ZipFile(path) as file:
        assert old in file.read(name)
    changed = rewritten(path, name, lambda content: content.replace(old, new, 1))

    result = run_flask("receipts", "verify", "--archive", changed, code=1)

    assert expected in result.stdout.splitlines()[0]
    assert "in the archive" in result.stderr


def test_removed_last_lines_are_named(run_flask: RunFlask, path: Path) -> None:
    cut = rewritten(path, "receipts.jsonl", lambda content: b"".join(content.splitlines(keepends=True)[:-1]))

    result = run_flask("receipts", "verify", "--archive", cut, code=1)

    assert result.stdout == "receipts.jsonl: it is not the file that the manifest names\n"


def test_an_archive_of_a_former_secret_key_is_accepted(
    run_flask: RunFlask, path: Path, settings: Settings
) -> None:
    try:
        heads.configure("a-new-secret-key-0123456789abcdef", fallbacks=[settings.secret_key])
        assert "unchanged" in run_flask("receipts", "verify", "--archive", path).stdout
        heads.configure("a-new-secret-key-0123456789abcdef")
        assert "was not signed" in run_flask("receipts", "verify", "--archive", path, code=1).stdout
    finally:
        heads.configure(settings.secret_key)


def test_a_file_that_is_no_archive_is_refused(run_flask: RunFlask, tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(b"no archive")
    assert "is no archive of receipts" in run_flask("receipts", "verify", "--archive", path, code=1).stderr
    with ZipFile(path, "w") as file:
        file.writestr("other", b"")
    assert "is no archive of receipts" in run_flask("receipts", "verify", "--archive", path, code=1).stderr


def test_a_year_without_documents_leaves_no_file(run_flask: RunFlask, brand: Brand, tmp_path: Path) -> None:
    path = tmp_path / "receipts.zip"
    refused = run_flask("receipts", "archive", brand.slug, "--year", "2020", "-o", path, code=1)
    assert "There is no document of live mode in 2020" in refused.stderr
    assert not path.exists()


def test_the_audit_log_names_who_made_an_archive(path: Path, brand: Brand) -> None:
    [entry] = audited(brand, "receipts_archived")
    assert (entry.actor, entry.details["year"]) == ("operator", YEAR)
