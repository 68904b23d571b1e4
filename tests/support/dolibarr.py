"""A Dolibarr of one test: the sandbox's stand-in, what it stores, its faults, and what its staff do."""

import secrets
from datetime import UTC, datetime
from typing import Any

import requests

from lumira.clients.dolibarr import DolibarrAccount


class DolibarrSandbox:
    """An installation with a company, the bank account 1, a user with the rights of a synchronisation, and our field.

    Faults are named in `lumira/sandbox/dolibarr/faults.py`, settings in `DEFAULTS` of `installation.py` beside it.
    """

    #: The payment type "credit card".
    payment_type_id = 6
    bank_account_id = 1

    def __init__(self, sandbox_url: str, *, has_extra_fields: bool = True) -> None:
        self.name = f"test-{secrets.token_hex(8)}"
        self.url = f"{sandbox_url}/dolibarr/{self.name}"
        self.key = f"sync-{self.name}"
        self.admin_key = f"admin-{self.name}"
        if has_extra_fields:
            self._control("extrafields", name="lumira_id", unique=1)

    @property
    def account(self) -> DolibarrAccount:
        """The connection, as Lumira's client takes it."""
        return DolibarrAccount(url=self.url, key=self.key)

    @property
    def admin(self) -> DolibarrAccount:
        """The connection of an administrator."""
        return DolibarrAccount(url=self.url, key=self.admin_key)

    def _control(self, action: str, /, **sent: Any) -> dict[str, Any]:
        reply = requests.post(f"{self.url}/control/{action}", json=sent, timeout=20)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def _read(self, name: str) -> Any:
        return requests.get(f"{self.url}/control/{name}", timeout=20).json()

    def configure(self, **settings: Any) -> None:
        """Change settings such as `down=True`, `version="16.0.3"`, `modules_off=["commande"]`."""
        self._control("settings", **settings)

    def fail_next(
        self, fault: str, *, method: str | None = None, path: str | None = None, times: int = 1, **more: Any
    ) -> None:
        """Queue a fault for the next matching calls; `path` is a regular expression for a path such as `/orders/1`."""
        given = {"method": method, "path": path}
        spec = {"fault": fault, "times": times, **more}
        spec |= {name: value for name, value in given.items() if value is not None}
        self._control("faults", queued=[*self._read("faults")["queued"], spec])

    def fail_at_random(self, *, seed: int, **rates: float) -> None:
        """Let faults happen at these rates: `timeout_after=0.1`."""
        self._control("faults", queued=[], seed=seed)
        self.configure(random_faults=rates)

    def heal(self) -> None:
        """End all faults."""
        self._control("faults", queued=[])
        self.configure(down=False, latency_ms=0, random_faults={})

    def change_user(self, **changes: Any) -> None:
        """Change the synchronisation's user: `rights=[…]`, `key=…`, `is_open=0`."""
        self._control("users", **changes)

    def post_webhooks_to(self, *urls: str, type: int = 1, codes: tuple[str, ...] = ()) -> None:  # noqa: A002
        """Let the webhook module post to these URLs; type 0 is blocking."""
        self._control("webhooks", targets=[{"url": url, "type": type, "codes": list(codes)} for url in urls])

    def calls(self, method: str | None = None, path: str | None = None) -> list[dict[str, Any]]:
        """The calls of the API so far, oldest first, all or those with this method and path."""
        return [
            entry
            for entry in self._read("requests")["requests"]
            if method in (None, entry["method"]) and path in (None, entry["path"])
        ]

    def history(self) -> list[dict[str, Any]]:
        """What the webhook module posted, oldest first."""
        return list(self._read("history")["history"])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The stored rows: `societe`, `commande`, `facture`, `payment`, `bankline`, `categorie`, `event`."""
        return list(self._read("rows").get(kind, []))

    def third_parties(self) -> list[dict[str, Any]]:
        return self.rows("societe")

    def orders(self) -> list[dict[str, Any]]:
        return self.rows("commande")

    def invoices(self) -> list[dict[str, Any]]:
        """Invoices and, with `type` 2, credit notes."""
        return self.rows("facture")

    def payments(self) -> list[dict[str, Any]]:
        """Payments and, negative, payouts; amounts are texts such as `-5.95`."""
        return self.rows("payment")

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> requests.Response:
        """Call the API with the administrator's key, as staff's browser would change it: without `caller`."""
        headers = {"DOLAPIKEY": key or self.admin_key, **options.pop("headers", {})}
        url = f"{self.url}/api/index.php{path}"
        return requests.request(method, url, headers=headers, timeout=40, allow_redirects=False, **options)

    def staff(self, method: str, path: str, **body: Any) -> Any:
        """Do what staff do: `staff("PUT", "/thirdparties/1", name="Ada")`; return the reply's JSON."""
        reply = self.call(method, path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def local_time(self, seconds: int) -> str:
        """Write unix seconds as the database server does, in its local time."""
        offset = self._control("settings")["utc_offset"]
        return f"{datetime.fromtimestamp(seconds + offset, UTC):%Y-%m-%d %H:%M:%S}"
