"""A download is for whoever may have it at that moment: streamed from here, or fetched where it is kept."""

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
from tests.support.refunds import hear, in_dashboard, pay

pytestmark = pytest.mark.usefixtures("app_context")
SIZE = len(files.PDF)


def offer(brand: Brand, product_id: str = "mystique", name: str = "lecture.pdf") -> None:
    files.contain(brand, product_id, "lecture")
    upload_content(brand.id, product_id, "lecture", files.upload_of(name=name), actor="test")


@pytest.fixture
def file(client: FlaskClient, tenant: Brand) -> str:
    """The path of a file that was bought."""
    offer(tenant)
    pay(tenant)
    [path] = downloads(client.get(path_of(tenant)))
    return path


def test_whole_file_arrives_as_it_was_uploaded(client: FlaskClient, file: str) -> None:
    reply = client.get(file)
    assert (reply.status_code, reply.data) == (200, files.PDF)
    assert reply.headers["Content-Length"] == str(SIZE)
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["ETag"] == f'"{hashlib.sha256(files.PDF).hexdigest()}"'


def test_browser_saves_it_and_runs_nothing_of_it(client: FlaskClient, file: str) -> None:
    with client.get(file) as reply:
        headers = reply.headers
    assert (
        headers["Content-Disposition"] == "attachment; filename=\"lecture.pdf\"; filename*=UTF-8''lecture.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_name_of_a_file_is_shown_and_can_break_no_header(client: FlaskClient, tenant: Brand) -> None:
    offer(tenant, name='Été "1"\r\nX-Evil: yes.pdf')
    pay(tenant)
    [path] = downloads(client.get(path_of(tenant)))
    with client.get(path) as reply:
        assert "X-Evil" not in reply.headers
        disposition = reply.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="_t_ _1_')
    assert "filename*=UTF-8''%C3%89t%C3%A9%20%221%22" in disposition


@pytest.mark.parametrize(
    ("asked", "expected", "told"),
    [
        ("bytes=0-9", slice(0, 10), f"bytes 0-9/{SIZE}"),
        ("bytes=100-", slice(100, None), f"bytes 100-{SIZE - 1}/{SIZE}"),
        ("bytes=-5", slice(-5, None), f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}"),
        ("bytes=-100000", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
        (f"bytes=-{SIZE + 1}", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
        (f"bytes=0-{SIZE * 2}", slice(0, None), f"bytes 0-{SIZE - 1}/{SIZE}"),
    ],
)
def test_part_that_is_asked_for_is_all_that_arrives(client, file, asked, expected, told) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (206, files.PDF[expected])
    assert reply.headers["Content-Range"] == told
    assert reply.headers["Content-Length"] == str(len(files.PDF[expected]))


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=100000-100001"])
def test_part_that_is_not_there_is_refused(client: FlaskClient, file: str, asked: str) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (416, b"")
    assert reply.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "pieces=0-1", "bytes=x", "bytes=5-1", "", "bytes=--5"])
def test_range_that_is_not_understood_is_as_good_as_none(client: FlaskClient, file: str, asked: str) -> None:
    reply = client.get(file, headers={"Range": asked})
    assert (reply.status_code, reply.data) == (200, files.PDF)


def test_download_goes_on_only_with_the_same_file(client: FlaskClient, file: str) -> None:
    with client.get(file) as reply:
        etag = reply.headers["ETag"]
    part = {"Range": "bytes=10-"}
    assert client.get(file, headers=part | {"If-Range": etag}).status_code == 206
    for other in ('"another"', f"W/{etag}", "Sat, 21 Nov 2026 10:00:00 GMT"):
        reply = client.get(file, headers=part | {"If-Range": other})
        assert (reply.status_code, len(reply.data)) == (200, SIZE)


def test_head_tells_of_a_file_without_opening_it(client: FlaskClient, file: str) -> None:
    reply = client.head(file)
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", str(SIZE))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "NONSENSE"])
def test_what_cannot_be_done_with_a_file_is_told_by_a_page(
    client: FlaskClient, file: str, method: str
) -> None:
    for language, told in (("fr", "Ce lien ne mène nulle part"), ("en", "This link does not exist")):
        reply = client.open(file, method=method, headers={"Accept-Language": language})
        assert (reply.status_code, reply.mimetype) == (405, "text/html")
        assert {"GET", "HEAD"} <= set(reply.headers["Allow"].split(", "))
        assert reply.headers["Content-Language"] == language
        assert told in words(reply)


def test_what_is_posted_to_no_page_is_answered_by_a_page(client: FlaskClient, file: str) -> None:
    for path in ("/my", "/my/", "/my/nothing/of/this", f"{file}/more"):
        assert client.post(path).mimetype == "text/html"
    assert client.post("/myself").mimetype == "application/json"


def test_delivered_work_is_its_buyers_alone(client: FlaskClient, tenant: Brand) -> None:
    order = files.buy_promise(tenant)
    sent = files.upload(tenant, order)
    path = path_of(tenant)
    assert client.get(f"{path}/files/{sent.id}").status_code == 404
    files.change(tenant, order, DeliverableState.DELIVERED)
    reply = client.get(f"{path}/files/{sent.id}")
    assert (reply.status_code, reply.data) == (200, files.PDF)

    pay(tenant, customer_email="somebody@example.com")
    refused = client.get(f"{path_of(tenant, 'somebody@example.com')}/files/{sent.id}")
    assert refused.status_code == 404


def test_anothers_file_looks_like_one_that_never_was(client, tenant, other_tenant, file) -> None:
    offer(tenant, "intuitive")
    offer(other_tenant)
    pay(tenant, "intuitive", customer_email="somebody@example.com")
    pay(other_tenant)
    [theirs] = downloads(client.get(path_of(tenant, "somebody@example.com")))
    [foreign] = downloads(client.get(path_of(other_tenant)))
    path = path_of(tenant)
    told = set()
    for file_id in (theirs.rsplit("/", 1)[1], foreign.rsplit("/", 1)[1], str(uuid4())):
        reply = client.get(f"{path}/files/{file_id}")
        assert (reply.status_code, reply.mimetype) == (404, "text/html")
        told.add(words(reply))
    assert len(told) == 1


def test_file_that_was_replaced_is_there_no_more_and_the_new_one_is(client, tenant, file) -> None:
    changed = files.PDF + b"second edition"
    upload_content(tenant.id, "mystique", "lecture", files.upload_of(changed), actor="test")
    assert client.get(file).status_code == 404
    [path] = downloads(client.get(path_of(tenant)))
    assert client.get(path).data == changed


def test_file_that_storage_has_lost_is_told_of_by_a_page(client, tenant, file) -> None:
    for each in files.all_files(tenant):
        storage.delete(each.object_name)
    reply = client.get(file)
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_storage_that_cannot_be_read_now_asks_for_patience(client, tenant, settings, file) -> None:
    [kept] = files.all_files(tenant)
    storage.delete(kept.object_name)
    # A folder where a file was: it is there, and cannot be read.
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

    def test_download_leads_to_an_address_that_lives_five_minutes(self, client, file) -> None:
        reply = client.get(file)
        assert (reply.status_code, reply.data) == (303, b"")
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert parse_qs(urlsplit(reply.headers["Location"]).query)["X-Amz-Expires"] == ["300"]

        fetched = requests.get(reply.headers["Location"], timeout=20)
        assert fetched.content == files.PDF
        assert fetched.headers["Content-Disposition"].startswith("attachment; ")

    def test_every_download_gets_an_address_of_its_own_while_access_lasts(self, client, tenant) -> None:
        offer(tenant)
        opened = pay(tenant)
        [path] = downloads(client.get(path_of(tenant)))
        assert client.get(path).status_code == 303
        in_dashboard(tenant, opened)
        hear(tenant)
        refused = client.get(path)
        assert refused.status_code == 403
        assert "Location" not in refused.headers
