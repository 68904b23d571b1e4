"""The HTTP session of calls to Stripe: what `requests` does around a request takes longer than the request.

It replaces the preparation of `requests` (cookies, redirects, hooks, the proxies of the environment for every call) and
keeps its connections, time-outs and exceptions, which Stripe's SDK handles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
import urllib3
from requests.utils import get_environ_proxies

#: Connections to one host that are kept open; more threads open more, which are closed after their call.
_KEPT_CONNECTIONS = 32
_ACCEPTED = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Reply:
    """The part of a reply that Stripe's SDK reads."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]


class StripeSession(requests.Session):
    """A session for any number of threads. Behind a proxy, and for streams, it is a session like any other."""

    def request(  # type: ignore[override]
        self, method: str, url: str, *, timeout: tuple[float, float], verify: str, **options: Any
    ) -> Reply | requests.Response:
        """Perform one request, without following redirects; raises the exceptions of `requests`."""
        if options.keys() - {"headers", "data"} or get_proxies(url):
            return super().request(method, url, timeout=timeout, verify=verify, **options)
        connect, read = timeout
        try:
            base = _base_of(url)
            # The pool of one host: the manager of all pools parses the URL for redirects, which are not followed.
            reply = _pool(verify, base).urlopen(
                method.upper(),
                url.removeprefix(base) or "/",
                headers={**_ACCEPTED, **(options.get("headers") or {})},
                body=options.get("data"),
                timeout=urllib3.Timeout(connect=connect, read=read),
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.SSLError as error:
            raise requests.exceptions.SSLError(error) from error
        except urllib3.exceptions.NewConnectionError as error:
            raise requests.exceptions.ConnectionError(error) from error
        except urllib3.exceptions.TimeoutError as error:
            raise requests.exceptions.Timeout(error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise requests.exceptions.ConnectionError(error) from error
        return Reply(reply.status, reply.data, reply.headers)


def get_proxies(url: str) -> dict[str, str]:
    """Return the proxies that the environment names for the host of `url`, read once."""
    return _proxies_of(_base_of(url))


def _base_of(url: str) -> str:
    """Return scheme and host of an absolute URL."""
    return "/".join(url.split("/", 3)[:3])


@cache
def _proxies_of(base: str) -> dict[str, str]:
    proxies: dict[str, str] = get_environ_proxies(base)
    return proxies


@cache
def _pool(verify: str, base: str) -> urllib3.HTTPConnectionPool:
    # One manager for each host, which keeps its pool.
    manager = urllib3.PoolManager(maxsize=_KEPT_CONNECTIONS, cert_reqs="CERT_REQUIRED", ca_certs=verify)
    return manager.connection_from_url(base)
