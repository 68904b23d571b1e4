"""An erasure covers deliverables: also stored replies to uploads, and uploads in progress."""

import io
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from lumira.database import atomic
from lumira.domain import file_types
from lumira.errors import Conflict
from lumira.models import DeliverableState, IdempotencyKey, Order
from lumira.repositories.fulfilment import files as file_rows
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.store_file import Upload, stored_file
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support import files
from tests.support.factories import BUYER, Brand, count, make_command
from tests.support.refunds import keyed

pytestmark = pytest.mark.usefixtures("app_context")

NAME = "Zélie Quentovic.pdf"


@pytest.fixture
def order(tenant: Brand) -> Order:
    """An order whose work is delivered, so that its buyer can be erased."""
    order = files.buy_promise(tenant)
    files.upload(tenant, order)
    files.change(tenant, order, DeliverableState.DELIVERED)
    return order


def send(client: FlaskClient, brand: Brand, order: Order) -> Any:
    return client.post(
        f"/api/orders/{order.order_number}/deliverables/lecture/files",
        data={"file": (io.BytesIO(files.PDF), NAME)},
        headers=brand.secret | {"Idempotency-Key": "an-upload"},
    )


def erase(brand: Brand) -> None:
    erase_customer(brand.id, BUYER, actor="operator")


def replies(brand: Brand, order_id: UUID) -> list[dict[str, Any]]:
    held = export_customer(brand.id, BUYER, actor="test").rows.get("idempotency_keys", [])
    return [each.get("reply", {}) for each in held if each["order_id"] == str(order_id)]


def test_the_stored_reply_to_an_upload_is_exported_and_erased(client, tenant, order) -> None:
    assert send(client, tenant, order).status_code == 200
    assert NAME in [each.get("file_name") for each in replies(tenant, order.id)]

    erase(tenant)

    again = send(client, tenant, order)
    assert (again.status_code, again.json["code"]) == (409, "CONFLICT")
    assert "Idempotency-Replayed" not in again.headers
    assert "Quentovic" not in again.get_data(as_text=True)
    assert count(tenant, IdempotencyKey, order_id=order.id) == 0


def test_the_stored_reply_to_a_delivery_is_erased(tenant, order) -> None:
    state = DeliverableState.DELIVERED
    change_deliverable(tenant.id, order.order_number, "lecture", state, call=keyed())
    assert [each["state"] for each in replies(tenant, order.id)] == ["delivered"]
    erase(tenant)
    with pytest.raises(Conflict, match="was erased"):
        change_deliverable(tenant.id, order.order_number, "lecture", state, call=keyed())


def test_the_stored_reply_to_a_free_order_is_erased(tenant) -> None:
    first = create_payment_intent(tenant.id, call=keyed(), command=make_command("simple"))
    erase(tenant)
    again = create_payment_intent(tenant.id, call=keyed(), command=make_command("simple"))
    assert not again.replayed
    assert again.value.order_number != first.value.order_number


def test_the_idempotency_key_of_an_interrupted_upload_is_erased(tenant, order) -> None:
    class Died(BaseException):
        pass

    class Dying(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise Died

    with pytest.raises(Died):
        upload_deliverable(
            tenant.id, order.order_number, "lecture", Upload(NAME, Dying()), call=keyed("died")
        )
    assert count(tenant, IdempotencyKey, order_id=order.id) == 1
    erase(tenant)
    assert count(tenant, IdempotencyKey, order_id=order.id) == 0


def test_an_order_of_an_erased_buyer_accepts_no_upload(tenant, order) -> None:
    erase(tenant)
    before = [file.id for file in files.all_files(tenant)]
    with pytest.raises(Conflict, match="was erased"):
        files.upload(tenant, order, name="more.pdf")
    assert [file.id for file in files.all_files(tenant)] == before


def test_an_upload_during_an_erasure_leaves_no_file(tenant, order) -> None:
    class ErasedMeanwhile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            # Its beginning was looked at, and it is being stored.
            if self.tell() >= file_types.HEAD_BYTES:
                erase(tenant)
            return super().read(size)

    sent = Upload(NAME, ErasedMeanwhile(files.PDF + b"x" * file_types.HEAD_BYTES))
    with pytest.raises(Conflict, match="was erased"):
        upload_deliverable(tenant.id, order.order_number, "lecture", sent, call=files.call())
    assert len(files.all_files(tenant)) == 2
    assert [file for file in files.all_files(tenant) if file.deleted_at is None] == []
    assert NAME not in {file.file_name for file in files.all_files(tenant)}


def test_an_unplaced_upload_has_no_file_name(tenant, order) -> None:
    with stored_file(tenant.id, Upload(NAME, io.BytesIO(files.PDF))) as stored:
        assert NAME not in {file.file_name for file in files.all_files(tenant)}
        assert stored.name == NAME
        with atomic(tenant.id):
            file_rows.abandon(tenant.id, stored.id)
    files.upload(tenant, order, name=NAME)
    files.upload(tenant, order, name=NAME)
    # The second changed nothing, so that it was never called anything.
    assert [file.file_name for file in files.all_files(tenant)].count(NAME) == 1
