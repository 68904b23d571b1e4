"""A file is served to buyers with access at that moment: streamed, or by a presigned URL."""

import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from flask.testing import FlaskClient

from lumira.clients import storage
from lumira.models import DeliverableState
from lumira.services.files.upload_content import upload_content
from tests.support import files
from tests.support import storage as storages
from tests.support.factories import Brand
from tests.support.portal_pages import downloads, path_of, words
from tests.support.refunds import deliver_events, pay, refund_in_dashboard

pytestmark = pytest.mark.usefixtures("app_context")
SIZE = len(files.PDF)


def offer(brand: Brand, product_id: str = "mystique", name: str = "lecture.pdf") -> None:
    files.contain(brand, product_id, "lecture")
    upload_content(brand.id, product_id, "lecture", files.upload_of(name=name), actor="test")


@pytest.fixture
def file(client: FlaskClient, tenant: Brand) -> str:
    """The path of a purchased file."""
    offer(tenant)
    pay(tenant)
    [path] = downloads(client.get(path_of(tenant)))
    return path


def test_a_whole_file_is_served_as_it_was_uploaded(client: FlaskClient, file: str) -> None:
    reply = client.get(file)
    assert (reply.status_code, reply.data) == (200, files.PDF)
    assert reply.headers["Content-Length"] == str(SIZE)
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["ETag"] == f'"{hashlib.sha256(files.PDF).hexdigest()}"'


def test_the_browser_saves_the_file_and_runs_no_script_in_it(client: FlaskClient, file: str) -> None:
    with client.get(file) as reply:
        headers = reply.headers
    assert (
        headers["Content-Disposition"] == "attachment; filename=\"lecture.pdf\"; filename*=UTF-8''lecture.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_file_name_cannot_break_a_header(client: FlaskClient, tenant: Brand) -> None:
    offer(tenant, name='Été "1"\r\nX-Evil: yes.pdf')
    pay(tenant)
    [path] = downloads(client.get(path_of(tenant)))
    with client.get(path) as reply:
        assert "X-Evil" not in reply.headers
        disposition = reply.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="_t_ _1_')
    assert "filename*=UTF-8''%C3%89t%C3%A9%20%221%22" in disposition


@pytest.mark.parametrize(
    ("asked", "expected", "shown"),
    [
        ("bytes=0-9", slice(0, 10), f"bytes 0-9/{SIZE}"),
        ("bytes=100-", slice(100, None), f"bytes 100-{SIZE - 1}/{SIZE}"),
        ("bytes=-5", slice(-5, None), f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}"),
        ("bytes=-100000", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
        (f"bytes=-{SIZE + 1}", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
        (f"bytes=0-{SIZE * 2}", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
    ],
)
def test_only_the_requested_range_is_served(client, file, asked, expected, shown) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (206, files.PDF[expected])
    assert reply.headers["Content-Range"] == shown
    assert reply.headers["Content-Length"] == str(len(files.PDF[expected]))


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=100000-100001"])
def test_a_range_outside_the_file_is_refused(client: FlaskClient, file: str, asked: str) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (416, b"")
    assert reply.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "chunks=0-1", "bytes=x", "bytes=5-1", "", "bytes=--5"])
def test_an_invalid_range_is_ignored(client: FlaskClient, file: str, asked: str) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (200, files.PDF)


def test_a_download_resumes_only_with_the_same_file(client: FlaskClient, file: str) -> None:
    with client.get(file) as reply:
        etag = reply.headers["ETag"]
    part = {"Range": "bytes=10-"}
    assert client.get(file, headers=part | {"If-Range": etag}).status_code == 206
    for other in ('"another"', f"W/{etag}", "Sat, 21 Nov 2026 10:00:00 GMT"):
        reply = client.get(file, headers=part | {"If-Range": other})
        assert (reply.status_code, len(reply.data)) == (200, SIZE)


def test_head_describes_a_file_without_opening_it(client: FlaskClient, file: str) -> None:
    reply = client.head(file)
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", str(SIZE))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "NONSENSE"])
def test_an_unsupported_method_on_a_file_gets_an_error_page(
    client: FlaskClient, file: str, method: str
) -> None:
    for language, shown in (("fr", "Ce lien ne mène nulle part"), ("en", "This link does not exist")):
        reply = client.open(file, method=method, headers={"Accept-Language": language})
        assert (reply.status_code, reply.mimetype) == (405, "text/html")
        assert {"GET", "HEAD"} <= set(reply.headers["Allow"].split(", "))
        assert reply.headers["Content-Language"] == language
        assert shown in words(reply)


def test_a_post_to_an_unknown_path_gets_an_error_page(client: FlaskClient, file: str) -> None:
    for path in ("/my", "/my/", "/my/nothing/of/this", f"{file}/more"):
        assert client.post(path).mimetype == "text/html"
    assert client.post("/myself").mimetype == "application/json"


def test_a_deliverable_is_served_to_its_buyer_only(client: FlaskClient, tenant: Brand) -> None:
    order = files.buy_promise(tenant)
    sent = files.upload(tenant, order)
    path = path_of(tenant)
    assert client.get(f"{path}/files/{sent.id}").status_code == 404
    files.change(tenant, order, DeliverableState.DELIVERED)
    reply = client.get(f"{path}/files/{sent.id}")
    assert (reply.status_code, reply.data) == (200, files.PDF)

    pay(tenant, customer_email="other@example.com")
    refused = client.get(f"{path_of(tenant, 'other@example.com')}/files/{sent.id}")
    assert refused.status_code == 404


def test_another_buyers_file_looks_like_an_unknown_one(client, tenant, other_tenant, file) -> None:
    offer(tenant, "intuitive")
    offer(other_tenant)
    pay(tenant, "intuitive", customer_email="other@example.com")
    pay(other_tenant)
    [theirs] = downloads(client.get(path_of(tenant, "other@example.com")))
    [foreign] = downloads(client.get(path_of(other_tenant)))
    path = path_of(tenant)
    shown = set()
    for file_id in (theirs.rsplit("/", 1)[1], foreign.rsplit("/", 1)[1], str(uuid4())):
        reply = client.get(f"{path}/files/{file_id}")
        assert (reply.status_code, reply.mimetype) == (404, "text/html")
        shown.add(words(reply))
    assert len(shown) == 1


def test_a_replaced_file_is_gone_and_the_new_one_is_served(client, tenant, file) -> None:
    changed = files.PDF + b"second edition"
    upload_content(tenant.id, "mystique", "lecture", files.upload_of(changed), actor="test")
    assert client.get(file).status_code == 404
    [path] = downloads(client.get(path_of(tenant)))
    assert client.get(path).data == changed


def test_a_file_missing_in_storage_gets_an_error_page(client, tenant, file) -> None:
    for each in files.all_files(tenant):
        storage.delete(each.object_name)
    reply = client.get(file)
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_unavailable_storage_gets_a_retry_page(client, tenant, settings, file) -> None:
    [kept] = files.all_files(tenant)
    storage.delete(kept.object_name)
    # A folder in place of the file cannot be read as a file.
    (settings.instance_path / "files" / kept.object_name).mkdir()
    reply = client.get(file)
    assert (reply.status_code, reply.mimetype) == (503, "text/html")
    assert int(reply.headers["Retry-After"]) > 0
    assert kept.object_name not in reply.get_data(as_text=True)


class TestInABucket:
    @pytest.fixture(autouse=True)
    def bucket(self) -> Iterator[None]:
        with storages.s3_server() as address, storages.kept_in(storages.new_bucket(address)):
            yield

    def test_a_download_redirects_to_a_url_that_expires_after_five_minutes(self, client, file) -> None:
        reply = client.get(file)
        assert (reply.status_code, reply.data) == (303, b"")
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert parse_qs(urlsplit(reply.headers["Location"]).query)["X-Amz-Expires"] == ["300"]

        fetched = requests.get(reply.headers["Location"], timeout=20)
        assert fetched.content == files.PDF
        assert fetched.headers["Content-Disposition"].startswith("attachment; ")

    def test_every_download_gets_its_own_url_while_access_lasts(self, client, tenant) -> None:
        offer(tenant)
        opened = pay(tenant)
        [path] = downloads(client.get(path_of(tenant)))
        assert client.get(path).status_code == 303
        refund_in_dashboard(tenant, opened)
        deliver_events(tenant)
        refused = client.get(path)
        assert refused.status_code == 403
        assert "Location" not in refused.headers
