"""`/api/orders/<reference>/deliverables`: uploading and delivering the work for one buyer."""

import contextlib
import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from lumira.models import Order
from tests.support.factories import Brand, pending_messages
from tests.support.files import MP3, PDF, all_files, buy_promise, kept
from tests.support.storage import bucket_at, kept_in

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def order(tenant: Brand) -> Order:
    return buy_promise(tenant)


def path_of(order: Order, *steps: str) -> str:
    return "/".join((f"/api/orders/{order.order_number}/deliverables", *steps))


def send(
    client: FlaskClient,
    brand: Brand,
    order: Order,
    content: bytes = PDF,
    name: str = "lecture.pdf",
    *,
    key: str = "lecture",
    part: str = "file",
    **headers: str,
) -> Any:
    return client.post(
        path_of(order, key, "files"),
        data={part: (io.BytesIO(content), name)},
        headers=brand.secret | headers,
    )


def test_work_is_listed_uploaded_and_delivered(client, tenant, order) -> None:
    [listed] = client.get(path_of(order), headers=tenant.secret).json["deliverables"]
    assert {name: listed[name] for name in ("key", "productId", "title", "state", "withdrawn", "files")} == {
        "key": "lecture",
        "productId": "mystique",
        "title": "Votre lecture",
        "state": "to_do",
        "withdrawn": False,
        "files": [],
    }
    assert listed["deliveredAt"] is None

    begun = client.post(path_of(order, "lecture"), json={"state": "in_progress"}, headers=tenant.secret)
    assert (begun.status_code, begun.json["state"]) == (200, "in_progress")

    uploaded = send(client, tenant, order, key=listed["id"])
    assert uploaded.status_code == 200
    assert set(uploaded.json) == {
        "id", "fileName", "contentType", "size", "sha256", "deliverableId", "state",
    }  # fmt: skip
    assert (uploaded.json["contentType"], uploaded.json["size"]) == ("application/pdf", len(PDF))

    delivered = client.post(path_of(order, "lecture"), json={"state": "delivered"}, headers=tenant.secret)
    assert delivered.json["deliveredAt"].endswith("Z")

    [listed] = client.get(path_of(order), headers=tenant.secret).json["deliverables"]
    assert listed["state"] == "delivered"
    assert [file["id"] for file in listed["files"]] == [uploaded.json["id"]]
    assert kept(all_files(tenant)[0]) == PDF
    assert "deliverable_ready" in pending_messages(tenant, order.id)


def test_an_upload_with_the_same_key_gets_the_same_reply(client, tenant, order) -> None:
    key = {"Idempotency-Key": "an-upload"}
    first = send(client, tenant, order, **key)
    again = send(client, tenant, order, **key)

    assert again.json == first.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(all_files(tenant)) == 1
    for other in (
        send(client, tenant, order, PDF + b"y", **key),
        send(client, tenant, order, name="b.pdf", **key),
    ):
        assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "a.pdf", 400, "INVALID_FILE"),
        (MP3, "a.pdf", 400, "INVALID_FILE"),
        (b"<html><script>", "a.html", 400, "INVALID_FILE"),
        (PDF, "a.exe", 400, "INVALID_FILE"),
        (PDF, "../../etc/passwd", 400, "INVALID_FILE"),
    ],
)
def test_an_invalid_file_has_its_code_and_changes_nothing(
    client, tenant, order, content, name, status, code
) -> None:
    reply = send(client, tenant, order, content, name)
    assert (reply.status_code, reply.json["code"]) == (status, code)
    assert all_files(tenant) == []
    [listed] = client.get(path_of(order), headers=tenant.secret).json["deliverables"]
    assert listed["state"] == "to_do"


@pytest.mark.parametrize("more", [8_000, 70_000, 450_000])
def test_a_file_of_realistic_size_arrives_complete(client, tenant, order, more) -> None:
    reply = send(client, tenant, order, PDF + b"x" * more)
    assert reply.status_code == 200
    [listed] = client.get(path_of(order), headers=tenant.secret).json["deliverables"]
    assert [file["size"] for file in listed["files"]] == [len(PDF) + more]


@pytest.mark.parametrize("excess", [1, 100, 100_000])
def test_a_file_that_is_too_long_is_a_413(client, tenant, order, tmp_path, excess) -> None:
    with kept_in(tmp_path, max_bytes=len(PDF)):
        assert send(client, tenant, order).status_code == 200
        reply = send(client, tenant, order, PDF + b"x" * excess)
    assert (reply.status_code, reply.json["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(("excess", "expected"), [(0, 200), (1, 413), (20_000, 413)])
def test_a_file_without_content_length_has_the_same_limit(
    client, tenant, order, tmp_path, excess, expected
) -> None:
    file = FileStorage(io.BytesIO(PDF + b"x" * excess), "a.pdf")
    body, _length, boundary = stream_encode_multipart({"file": file})
    with kept_in(tmp_path, max_bytes=len(PDF)), contextlib.closing(body):
        reply = client.post(
            path_of(order, "lecture", "files"),
            input_stream=body,
            content_type=f"multipart/form-data; boundary={boundary}",
            # As Gunicorn passes on a chunked body.
            environ_overrides={"wsgi.input_terminated": True},
            headers=tenant.secret | {"Transfer-Encoding": "chunked"},
        )
    assert reply.status_code == expected
    [listed] = client.get(path_of(order), headers=tenant.secret).json["deliverables"]
    assert len(listed["files"]) == (expected == 200)


def test_a_file_name_loses_its_path(client, tenant, order) -> None:
    assert send(client, tenant, order, name="../../etc/cron.d/x.pdf").json["fileName"] == "x.pdf"


def test_unreachable_storage_is_a_503_and_the_same_call_works_afterwards(client, tenant, order) -> None:
    key = {"Idempotency-Key": "an-upload"}
    with kept_in(bucket_at("http://127.0.0.1:9")):
        reply = send(client, tenant, order, **key)
    assert (reply.status_code, reply.json["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert int(reply.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in reply.get_data(as_text=True)

    assert send(client, tenant, order, **key).status_code == 200


def test_a_body_other_than_a_form_with_one_file_is_refused(client, tenant, order) -> None:
    path = path_of(order, "lecture", "files")
    refused = [
        ({"json": {}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"data": PDF, "content_type": "application/pdf"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"data": {}, "content_type": "multipart/form-data"}, 400, "INVALID_REQUEST"),
        ({"data": {"file": "text"}, "content_type": "multipart/form-data"}, 400, "INVALID_REQUEST"),
        ({"data": {"other": (io.BytesIO(PDF), "a.pdf")}}, 400, "INVALID_REQUEST"),
        ({"data": {"file": [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(PDF), "b.pdf")]}}, 400, "INVALID_REQUEST"),
        ({"data": {"file": (io.BytesIO(PDF), "a.pdf"), "note": "text"}}, 400, "INVALID_REQUEST"),
        ({"data": b"--x\r\nnothing", "content_type": "multipart/form-data; boundary=x"}, 400, "INVALID_REQUEST"),
    ]  # fmt: skip
    for sent, status, code in refused:
        reply = client.post(path, headers=tenant.secret, **sent)
        assert (reply.status_code, reply.json["code"]) == (status, code), sent
    assert all_files(tenant) == []


@pytest.mark.parametrize("body", [{}, {"state": "done"}, {"state": None}, {"state": "delivered", "x": 1}])
def test_an_unknown_state_is_refused(client, tenant, order, body) -> None:
    reply = client.post(path_of(order, "lecture"), json=body, headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_REQUEST")


def test_delivering_without_a_file_is_a_409(client, tenant, order) -> None:
    reply = client.post(path_of(order, "lecture"), json={"state": "delivered"}, headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("name", ["nothing", "a%00b", "9" * 300, "%2e%2e"])
def test_a_deliverable_of_another_order_is_a_404(client, tenant, order, name) -> None:
    for reply in (
        send(client, tenant, order, key=name),
        client.post(path_of(order, name), json={"state": "in_progress"}, headers=tenant.secret),
    ):
        assert (reply.status_code, reply.json["code"]) == (404, "NOT_FOUND")


def test_an_order_of_another_tenant_is_a_404(client, order, other_tenant) -> None:
    for reply in (
        client.get(path_of(order), headers=other_tenant.secret),
        send(client, other_tenant, order),
        client.post(path_of(order, "lecture"), json={"state": "in_progress"}, headers=other_tenant.secret),
    ):
        assert (reply.status_code, reply.json["code"]) == (404, "ORDER_NOT_FOUND")
    assert all_files(other_tenant) == []


def test_a_publishable_key_cannot_manage_deliverables(client, tenant, order) -> None:
    for reply in (
        client.get(path_of(order), headers=tenant.publishable),
        client.post(path_of(order, "lecture", "files"), headers=tenant.publishable),
        client.post(path_of(order, "lecture"), json={"state": "delivered"}, headers=tenant.publishable),
    ):
        assert (reply.status_code, reply.json["code"]) == (403, "FORBIDDEN")
