"""A request is whole at the same byte, however it is cut into parts while it arrives."""

import json

from hypothesis import given
from hypothesis import strategies as st

from config.error_replies import error_reply
from config.received_request import LARGEST_IN_MEMORY, ReceivedRequest
from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY

HEADERS = b"POST /x HTTP/1.1\r\nHost: shop\r\n%s\r\n"


def with_body(body: bytes) -> bytes:
    return HEADERS % (b"content-LENGTH: %d\r\n" % len(body)) + body


@given(
    body=st.binary(max_size=50) | st.just(b"\r\n\r\nContent-Length: 9\r\n\r\n"),
    cuts=st.lists(st.integers(0, 120)),
)
def test_a_request_is_whole_with_the_last_byte_of_its_body(body: bytes, cuts: list[int]) -> None:
    sent = with_body(body)
    ends = sorted({min(cut, len(sent) - 1) for cut in cuts})
    request = ReceivedRequest(0, b"")
    for begin, end in zip([0, *ends], [*ends, len(sent)], strict=True):
        assert not request.is_ready
        request.add(sent[begin:end])
    assert request.is_ready
    assert not request.is_streamed
    assert (request.missing, bytes(request.data)) == (0, sent)


def test_what_follows_a_request_does_not_change_it() -> None:
    request = ReceivedRequest(0, with_body(b"ab") + HEADERS % b"Transfer-Encoding: chunked\r\n")
    assert request.is_ready
    assert not request.is_streamed


def test_the_largest_webhook_is_received_in_memory_and_longer_bodies_are_streamed() -> None:
    assert LARGEST_IN_MEMORY >= MAX_WEBHOOK_BODY
    longest = ReceivedRequest(0, HEADERS % (b"Content-Length: %d\r\n" % LARGEST_IN_MEMORY))
    assert (longest.is_ready, longest.missing) == (False, LARGEST_IN_MEMORY)
    longer = ReceivedRequest(0, HEADERS % (b"Content-Length: %d\r\n" % (LARGEST_IN_MEMORY + 1)))
    assert (longer.is_ready, longer.is_streamed) == (True, True)


def test_a_reply_of_the_server_itself_has_the_form_of_the_api() -> None:
    headers, _, body = error_reply(503).content.partition(b"\r\n\r\n")
    assert b"Retry-After: " in headers
    assert set(json.loads(body)) == {"error", "code", "message", "requestId"}
