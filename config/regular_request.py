"""Requests that two parsers could only read in one way, read without Gunicorn's parser.

Everything that is unusual is left to Gunicorn: another method, a query, escapes in the path, a repeated header, a name
with an underscore, a body without a length. So nothing is refused here, and a request never means something else here
than there.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_REQUEST = re.compile(
    rb"POST (/[A-Za-z0-9/_-]{1,200}) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]{1,64}: ?[!-~](?:[ -~]*[!-~])?\r\n){1,60})\r\n"
)
#: The bytes of the longest headers that are read here; Gunicorn accepts longer ones.
_LONGEST_HEADERS = 8 * 1024
_LENGTH = re.compile(r"0|[1-9][0-9]{0,6}")
#: Headers that change how the message is read, or that the server has to act on.
_SPECIAL = frozenset(("TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS", "TRAILER", "TE"))


def read(
    data: bytes | bytearray, *, client: str, scheme_headers: Mapping[str, str]
) -> tuple[dict[str, str], bytes] | None:
    """Return the WSGI environment of a whole POST, without the server's own keys, and its body; else `None`.

    `scheme_headers` are those by which the client, a trusted proxy, says whether it was reached by HTTPS, each with the
    value that says so.
    """
    match = _REQUEST.match(data, 0, _LONGEST_HEADERS)
    if match is None:
        return None
    headers: dict[str, str] = {}
    lines = match[2].decode("ascii").split("\r\n")
    lines.pop()
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.upper()] = value.strip(" ")
    if len(headers) != len(lines) or not _SPECIAL.isdisjoint(headers):
        return None
    length = headers.get("CONTENT-LENGTH", "")
    body = bytes(data[match.end() :])
    if "HOST" not in headers or not _LENGTH.fullmatch(length) or int(length) != len(body):
        return None
    schemes = {headers[name] == https for name, https in scheme_headers.items() if name in headers}
    if len(schemes) > 1 or headers.get("CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    environ = {_key_of(name): value for name, value in headers.items()}
    environ |= {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": match[1].decode("ascii"),
        "CONTENT_LENGTH": length,
        "REMOTE_ADDR": client,
        "wsgi.url_scheme": "https" if True in schemes else "http",
    }
    return environ, body


@lru_cache(maxsize=256)
def _key_of(name: str) -> str:
    return f"HTTP_{name.replace('-', '_')}"
