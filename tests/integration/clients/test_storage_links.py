"""Links to files in a bucket: signed for one object, one host and five minutes (Signature Version 4).

The signature is worked out here once more from its specification, because the S3 server of the tests believes any.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import time_machine

from lumira.clients import storage
from tests.support.storage import ACCESS_KEY, SECRET_KEY, bucket_at, kept_in

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
NAME = "t7/0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def bucket() -> Iterator[None]:
    with kept_in(bucket_at("https://s3.example")), time_machine.travel(NOW, tick=False):
        yield


def link(name: str = NAME, file_name: str = "lecture.pdf") -> str:
    return str(storage.link(name, file_name=file_name, content_type="application/pdf"))


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def signed(address: str, *, secret: str = SECRET_KEY, **changes: str) -> str:
    """The expected signature of a URL, optionally with other parameters or another host."""
    parts = urlsplit(address)
    asked = parameters(address) | changes
    host, path = asked.pop("host", parts.netloc), asked.pop("path", parts.path)
    asked.pop("X-Amz-Signature")
    query = "&".join(f"{quote(name, safe='~')}={quote(asked[name], safe='~')}" for name in sorted(asked))
    request = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    date, scope = asked["X-Amz-Date"], asked["X-Amz-Credential"].split("/", 1)[1]
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for step in (*scope.split("/"), text):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key.hex()


def test_a_link_is_signed_for_one_object_and_expires_after_five_minutes() -> None:
    address = link()
    parts, asked = urlsplit(address), parameters(address)

    assert (parts.scheme, parts.netloc, parts.path) == ("https", "s3.example", f"/files/{NAME}")
    assert asked["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert asked["X-Amz-Credential"] == f"{ACCESS_KEY}/20260301/eu-west-3/s3/aws4_request"
    assert asked["X-Amz-Date"] == "20260301T123015Z"
    assert asked["X-Amz-Expires"] == "300"
    assert asked["X-Amz-SignedHeaders"] == "host"
    assert asked["X-Amz-Signature"] == signed(address)


def test_the_response_headers_are_signed_too() -> None:
    asked = parameters(link(file_name="Été.pdf"))
    assert asked["response-content-type"] == "application/pdf"
    assert (
        asked["response-content-disposition"]
        == "attachment; filename=\"_t_.pdf\"; filename*=UTF-8''%C3%89t%C3%A9.pdf"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/files/t7/0123456789abcdef0123456789abcdee"},
        {"path": "/files/t8/0123456789abcdef0123456789abcdef"},
        {"path": "/others/t7/0123456789abcdef0123456789abcdef"},
        {"host": "elsewhere.example"},
        {"X-Amz-Expires": "604800"},
        {"X-Amz-Date": "20260301T123016Z"},
        {"response-content-type": "text/html"},
        {"response-content-disposition": "inline"},
    ],
    ids=str,
)
def test_a_changed_link_has_no_valid_signature(changes) -> None:
    address = link()
    assert signed(address, **changes) != parameters(address)["X-Amz-Signature"]


def test_objects_tenants_and_keys_have_different_signatures() -> None:
    own = parameters(link())["X-Amz-Signature"]
    assert parameters(link(NAME[:-1] + "e"))["X-Amz-Signature"] != own
    assert parameters(link(NAME.replace("t7", "t8")))["X-Amz-Signature"] != own
    assert signed(link(), secret="another") != own


def test_a_later_link_expires_later() -> None:
    first = link()
    with time_machine.travel(NOW + timedelta(minutes=4), tick=False):
        second = link()
    assert parameters(second)["X-Amz-Date"] == "20260301T123415Z"
    assert parameters(second)["X-Amz-Signature"] == signed(second) != signed(first)
