"""An export contains all data of one buyer and of no other, and names what could not be read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import update

from config.settings import Settings
from lumira.database import atomic, db
from lumira.models import DeliverableState, File, IdempotencyKey
from lumira.notifications import relay
from tests.integration.cli.conftest import RunFlask
from tests.support import files, refunds, seller
from tests.support.factories import Brand, load_order
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")

EMAIL = "ana@example.com"
SECRET = "12 rue du Secret"

Export = Callable[..., dict[str, Any]]


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hers.zip"


@pytest.fixture
def export(run_flask: RunFlask, brand: Brand, path: Path) -> Export:
    """The content of `data.json` for one address."""

    def run(email: str = EMAIL) -> dict[str, Any]:
        run_flask("customers", "export", email, "--tenant", brand.slug, "--output", path)
        with ZipFile(path) as archive:
            rows: dict[str, Any] = json.loads(archive.read("data.json"))
        return rows

    return run


def charged(brand: Brand, email: str, **said: Any) -> str:
    """Buy a product, deliver the event of its charge, and return the order number."""
    opened = refunds.pay(brand, customer_email=email, customer_name="A Buyer")
    charge = {"id": f"ch_{opened.order_number}", "object": "charge", "livemode": False, "amount": 4700}
    charge |= {"currency": "eur", "captured": True, "amount_refunded": 0, "metadata": said}
    charge |= {
        "payment_intent": opened.payment_intent_id,
        "billing_details": {"email": email, "address": SECRET},
    }
    # One of these is handled and has its order, the other has none and only names the payment.
    deliver(brand, event("charge.refunded", charge), event("charge.succeeded", charge))
    return str(opened.order_number)


@pytest.mark.parametrize("other", ["johana@example.com", "ana@example.com.br", "d'ana@example.com"])
def test_an_export_leaves_out_a_buyer_whose_address_contains_the_subjects(
    brand: Brand, export: Export, other: str
) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    number = charged(brand, other)
    deliver(brand, event("customer.updated", {"id": "cus_o", "object": "customer", "email": other}))

    everything = json.dumps(export())
    assert [each for each in (other, number, SECRET) if each in everything] == []


def test_an_export_leaves_out_events_of_another_buyers_order(brand: Brand, export: Export) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    number = charged(brand, "friend@example.net", bought_for=EMAIL)

    everything = json.dumps(export())
    assert [each for each in (number, "friend@example.net", SECRET) if each in everything] == []


@pytest.mark.parametrize(
    "description", ["ZÉLIE@Example.com", "for zélie@example.com.", "email=zélie@example.com"]
)
def test_an_export_contains_events_that_spell_the_address_differently(
    brand: Brand, export: Export, description: str
) -> None:
    refunds.pay(brand, customer_email="zélie@example.com")
    said = {"id": "cus_9", "object": "customer", "description": description}
    deliver(brand, event("customer.updated", said))

    payloads = [row["payload"]["data"]["object"] for row in export("Zélie@example.com")["webhook_events"]]
    assert said in payloads


def test_an_export_contains_the_subjects_charges(brand: Brand, export: Export) -> None:
    charged(brand, EMAIL)
    types = {row["type"] for row in export()["webhook_events"]}
    assert {"charge.refunded", "charge.succeeded", "payment_intent.succeeded"} <= types


@pytest.fixture
def delivered(brand: Brand) -> Brand:
    """A file that was made for her."""
    files.promise(brand, "mystique", "lecture")
    order = load_order(brand, refunds.pay(brand, customer_email=EMAIL).order_number)
    files.upload(brand, order, name="lecture.pdf")
    files.change(brand, order, DeliverableState.DELIVERED)
    relay.relay(brand.id)
    return brand


@pytest.mark.parametrize("reason", ["NOT_FOUND", "STORAGE_UNAVAILABLE"])
def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_exported(
    run_flask: RunFlask, delivered: Brand, settings: Settings, path: Path, reason: str
) -> None:
    [file] = files.all_files(delivered)
    kept = settings.instance_path / "files" / file.object_name
    kept.unlink()
    if reason != "NOT_FOUND":
        # The path exists and cannot be read as a file.
        kept.mkdir()
    arguments = ("customers", "export", EMAIL, "--tenant", delivered.slug, "--output", path)
    missing = f"files/{file.id}-lecture.pdf"
    assert f"Missing: {missing} ({reason})." in run_flask(*arguments).stderr

    with ZipFile(path) as archive:
        names = archive.namelist()
        rows = json.loads(archive.read("data.json"))
    assert rows["missing"] == [{"item": missing, "reason": reason}]
    assert missing not in names
    assert {name.partition("/")[0] for name in names} == {"data.json", "receipts", "emails"}


def test_a_reply_that_no_key_decrypts_is_named_and_the_rest_is_exported(brand: Brand, export: Export) -> None:
    refunds.refund(brand, refunds.pay(brand, customer_email=EMAIL), 1000, call=refunds.keyed())
    with atomic(brand.id):
        sealed = Fernet(Fernet.generate_key()).encrypt(b"{}")
        db.session.execute(
            update(IdempotencyKey).where(IdempotencyKey.reply_sealed.is_not(None)).values(reply_sealed=sealed)
        )
    rows = export()
    [key] = [row for row in rows["idempotency_keys"] if "reply" in row]
    assert key["reply"] is None
    assert rows["missing"] == [{"item": f"idempotency_keys/{key['id']}", "reason": "REPLY_SEALED"}]
    assert rows["orders"] != []


@pytest.mark.parametrize("stem", ["é" * 200, "a" * 250])
def test_a_file_with_a_long_name_can_be_unpacked_and_keeps_its_extension(
    delivered: Brand, export: Export, path: Path, tmp_path: Path, stem: str
) -> None:
    with atomic(delivered.id):
        db.session.execute(update(File).values(file_name=f"{stem}.pdf"))
    export()
    with ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    [unpacked] = (tmp_path / "unpacked" / "files").iterdir()
    assert unpacked.name.endswith(f"{stem[0]}.pdf")
    assert unpacked.read_bytes() == files.PDF
