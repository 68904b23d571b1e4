"""A browser over HTTP, with the methods of Flask's test client that the tests' operators use."""

from typing import Any

import requests

#: The host of PUBLIC_URL: where operators sign in.
HOST = "pay.lumira.example"


class HttpBrowser:
    """Keeps cookies also without TLS: in production all of them are `Secure`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environ_base: dict[str, str] = {}
        self._cookies: dict[str, str] = {}
        self._http = requests.Session()
        self._http.trust_env = False

    def get(self, path: str, **options: Any) -> requests.Response:
        """Open a page; redirects are not followed."""
        return self._send("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        """Send a form; redirects are not followed."""
        return self._send("POST", path, **options)

    def _send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            **({"Cookie": cookie} if cookie else {}),
            **(headers or {}),
        }
        reply = self._http.request(
            method, f"{self.url}{path}", headers=sent, timeout=60, allow_redirects=False, **options
        )
        self._cookies.update(self._http.cookies.get_dict())
        self._http.cookies.clear()
        return reply
