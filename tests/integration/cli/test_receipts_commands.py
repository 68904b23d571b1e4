"""`flask receipts …` as an operator types it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from pypdf import PdfReader

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain.commands import Consents
from lumira.repositories.receipts import receipts
from lumira.services.receipts.close_periods import close_periods
from tests.integration.cli.conftest import RunFlask
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.factories import Brand
from tests.support.receipt_chains import make_live
from tests.support.refunds import audited


@pytest.fixture
def brand(make_brand: Callable[..., Brand], app_context: None) -> Brand:
    brand = make_brand(seller=seller.EXEMPT)
    report_refund(brand, pay(brand), 1000)
    return brand


def labels(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return [each.label for each in receipts.list_receipts(brand.id)]


def test_list_prints_receipts_and_credit_notes_with_their_sign(run_flask: RunFlask, brand: Brand) -> None:
    printed = run_flask("receipts", "list", brand.slug).stdout
    receipt, note = labels(brand)
    assert receipt in printed
    assert "47.00" in printed
    assert any(note in line and "-10.00" in line for line in printed.splitlines())


def test_show_prints_the_receipt(run_flask: RunFlask, brand: Brand) -> None:
    receipt, note = labels(brand)
    printed = run_flask("receipts", "show", note.lower(), "--tenant", brand.slug).stdout
    assert f"corrects: {receipt}" in printed
    assert "seller: Maison Lumière SARL" in printed


def test_show_prints_what_the_buyer_consented_to(
    make_brand: Callable[..., Brand], run_flask: RunFlask, app_context: None
) -> None:
    terms = "https://shop.example.com/terms"
    brand = make_brand(seller=seller.EXEMPT, terms_version="2026-11", terms_url=terms)
    pay(brand, consents=Consents("2026-11", immediate_delivery=True))
    [receipt] = labels(brand)
    printed = run_flask("receipts", "show", receipt, "--tenant", brand.slug).stdout
    assert f"terms accepted: 2026-11, {terms}" in printed
    assert "withdrawal: waived for immediate delivery" in printed


def test_render_writes_a_pdf_in_the_requested_language(
    run_flask: RunFlask, brand: Brand, tmp_path: Path
) -> None:
    path = tmp_path / "receipt.pdf"
    receipt, _ = labels(brand)
    options = ("--tenant", brand.slug, "--output", path, "--locale", "en")
    run_flask("receipts", "render", receipt, *options)
    assert f"Receipt {receipt}" in PdfReader(path).pages[0].extract_text()

    path.write_bytes(b"an existing file")
    refused = run_flask("receipts", "render", receipt, *options, code=1)
    assert "is not overwritten" in refused.stderr
    assert path.read_bytes() == b"an existing file"


def test_a_number_of_another_tenant_is_not_found(
    run_flask: RunFlask, brand: Brand, other_tenant: Brand
) -> None:
    number = labels(brand)[0]
    refused = run_flask("receipts", "show", number, "--tenant", other_tenant.slug, code=1)
    assert number in refused.stderr


def test_verify_succeeds_only_if_numbers_and_amounts_agree(run_flask: RunFlask, brand: Brand) -> None:
    said = run_flask("receipts", "verify", "--tenant", brand.slug).stdout
    assert "The receipts are complete: 2 documents." in said

    with atomic(brand.id):
        db.session.execute(db.text("UPDATE refunds SET amount = 999"))
    refused = run_flask("receipts", "verify", "--tenant", brand.slug, code=1)
    assert "its amount is 10.00 EUR, but 9.99 EUR was moved" in refused.stdout


def test_verify_fails_while_a_receipt_is_dated_in_the_future_and_mentions_it_afterwards(
    run_flask: RunFlask, make_brand: Callable[..., Brand], app_context: None
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    today = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(today + timedelta(days=5)):
        pay(brand)
    with time_machine.travel(today):
        pay(brand)
        _, late = labels(brand)
        refused = run_flask("receipts", "verify", "--tenant", brand.slug, code=1)
    assert f"{late}: dated in the future" in refused.stdout
    with time_machine.travel(today + timedelta(days=6)):
        said = run_flask("receipts", "verify", "--tenant", brand.slug).stdout
    assert f"dated more than 3 days after the payment or refund, the first is {late}" in said
    assert "The receipts are complete: 2 documents." in said


def test_issue_adds_receipts_of_orders_from_before_the_legal_lines(
    run_flask: RunFlask, tenant: Brand, app_context: None
) -> None:
    pay(tenant)
    assert "issues no receipts" in run_flask("receipts", "verify", "--tenant", tenant.slug).stdout
    with atomic(tenant.id) as session:
        session.execute(
            db.text("UPDATE tenants SET seller = :seller WHERE id = :id").bindparams(
                db.bindparam("seller", type_=db.JSON)
            ),
            {"seller": seller.EXEMPT, "id": tenant.id},
        )

    assert "1 issued." in run_flask("receipts", "issue", "--tenant", tenant.slug).stdout
    [entry] = audited(tenant, "receipts_issued")
    assert (entry.actor, entry.details["documents"]) == ("operator", labels(tenant))
    assert entry.details["request_id"].startswith("cli-")
    assert "No receipt is missing" in run_flask("receipts", "issue", "--tenant", tenant.slug).stdout


def test_legal_lines_come_from_the_catalog_file_and_applying_it_again_changes_nothing(
    run_flask: RunFlask, tmp_path: Path
) -> None:
    file = tmp_path / "maison.toml"
    slug = f"maison-{tmp_path.parent.name}".lower()[-40:].strip("-")
    file.write_text(
        f'[tenant]\nslug = "{slug}"\nname = "Maison"\ncurrency = "eur"\n'
        'alert_email = "team@example.com"\n'
        '[tenant.seller]\nlegal_name = "Maison SARL"\naddress = ["1 rue"]\nvat_rate = 20\n'
        '[[products]]\nid = "mystique"\nkind = "digital"\nname = "Mystique"\namount = 4700\n'
    )
    run_flask("catalog", "apply", file)
    before = run_flask("catalog", "apply", file).stdout
    file.write_text(file.read_text().replace("Maison SARL", "Maison SAS"))
    after = run_flask("catalog", "apply", file).stdout

    assert "seller" not in before
    assert "legal_name Maison SAS" in after


def test_totals_prints_the_sums_of_a_period(run_flask: RunFlask, brand: Brand) -> None:
    today = datetime.now(UTC).date()
    period = ("--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=1)))

    lines = run_flask("receipts", "totals", brand.slug, *period, "--test-mode").stdout.splitlines()

    assert lines[1].split() == [
        "EUR",
        "none",
        "1",
        "47.00",
        "EUR",
        "1",
        "-10.00",
        "EUR",
        "37.00",
        "EUR",
        "0.00",
        "EUR",
    ]
    assert "There is no receipt" in run_flask("receipts", "totals", brand.slug, *period).stdout
    refused = run_flask(
        "receipts", "totals", brand.slug, "--from", str(today), "--to", str(today - timedelta(days=1)), code=2
    )
    assert "before the first" in refused.stderr


def test_closings_prints_the_totals_and_the_perpetual_total_of_each_month(
    run_flask: RunFlask, brand: Brand, settings: Settings
) -> None:
    assert "No period is closed" in run_flask("receipts", "closings", brand.slug).stdout
    make_live(brand, settings)
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(days=32)):
        close_periods(brand.id)

    options = ("--period", "month", "--year", str(now.year))
    lines = run_flask("receipts", "closings", brand.slug, *options).stdout.splitlines()

    assert [line.split()[:6] for line in lines[1:3]] == [
        [f"{now:%Y-%m}", "period", "EUR", "none", "1", "47.00"],
        [f"{now:%Y-%m}", "perpetual", "EUR", "none", "1", "47.00"],
    ]
