"""One Dolibarr: its tables, its users and their rights, and its settings."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from lumira.sandbox.dolibarr.faults import Faults
from lumira.sandbox.dolibarr.tables import File, Row, Tables, Transaction

#: What a synchronisation needs: third parties (262: see all), orders, invoices.
SYNC_RIGHTS = (121, 122, 262, 81, 82, 11, 12)
#: Rights as the API nests them, by number.
RIGHTS: dict[int, tuple[str, ...]] = {
    11: ("facture", "lire"), 12: ("facture", "creer"), 14: ("facture", "invoice_advance", "validate"),
    19: ("facture", "supprimer"), 31: ("produit", "lire"), 32: ("produit", "creer"),
    81: ("commande", "lire"), 82: ("commande", "creer"), 84: ("commande", "order_advance", "validate"),
    87: ("commande", "order_advance", "close"), 89: ("commande", "supprimer"),
    111: ("banque", "lire"), 112: ("banque", "modifier"), 113: ("banque", "configurer"),
    121: ("societe", "lire"), 122: ("societe", "creer"), 125: ("societe", "supprimer"),
    241: ("categorie", "lire"), 242: ("categorie", "creer"), 252: ("user", "self", "creer"),
    262: ("societe", "client", "voir"), 281: ("societe", "contact", "lire"), 282: ("societe", "contact", "creer"),
    2401: ("agenda", "myactions", "read"), 2403: ("agenda", "allactions", "read"),
}  # fmt: skip
#: Settings of the installation that its control route changes.
DEFAULTS: dict[str, Any] = {
    #: Every connection is dropped, as if the server were down.
    "down": False,
    #: Every request is replied to this much later.
    "latency_ms": 0,
    #: How long a wrong key is answered late.
    "bad_key_seconds": 1.0,
    "version": "23.0.0-beta",
    "currency": "EUR",
    "modules_off": [],
    "production_mode": False,
    #: ``MAIN_USE_ADVANCED_PERMS``
    "advanced_permissions": False,
    #: ``SOCIETE_EMAIL_UNIQUE``
    "email_unique": False,
    #: ``MAIN_MAX_DECIMALS_UNIT``
    "unit_decimals": 5,
    #: Of the database server's local time, in seconds.
    "utc_offset": 3600,
    #: How far its clock is ahead.
    "clock_offset": 0,
    #: How long a payment that was read is not yet written: parallel ones are booked as well.
    "race_window_ms": 30,
    #: Before July 2025 a credit note was refused in ``paymentsdistributed`` with the overpay error.
    "refuses_payouts": False,
    #: Whether a merge copies extra fields that the kept third party lacks.
    "merge_copies_extra_fields": False,
    #: A rule blocks every change of a third party: a PUT gets a 500 without text.
    "blocks_changes": False,
    #: After how long a request gives up waiting for a lock.
    "lock_wait_seconds": 50.0,
    "random_faults": {},
}
_MOST_LOGGED = 20_000


@dataclass(frozen=True)
class User:
    """A user whose key calls the API."""

    id: int
    login: str
    is_admin: bool
    rights: frozenset[int]

    def has(self, right: int) -> bool:
        """Whether the user has this right; administrators have all."""
        return self.is_admin or right in self.rights


class Installation:
    """A Dolibarr with a company, a bank account, an administrator and a user for synchronisations."""

    def __init__(self, file: File, name: str) -> None:
        self.name = name
        self.tables = Tables(file, name)
        self.faults = Faults()
        #: The requests to the API, oldest first; without keys.
        self.requests: list[dict[str, Any]] = []
        #: What the webhook module posted: ``llx_webhook_history``.
        self.history: list[dict[str, Any]] = []
        #: How many parallel payments of an invoice have begun, and how many are running, by its id.
        self.payments_in_flight: dict[int, tuple[int, int]] = {}
        self.guard = threading.Lock()
        if self.tables.find("settings", 1) is None:
            with self.tables.transaction() as transaction:
                _install(transaction, name)
        self.tables.lock_wait_seconds = self.settings["lock_wait_seconds"]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings."""
        return {**DEFAULTS, **(self.tables.find("settings", 1) or {})}

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change settings."""
        with self.tables.transaction() as transaction:
            transaction.put("settings", {**self.settings, **changes, "id": 1})
        self.tables.lock_wait_seconds = self.settings["lock_wait_seconds"]

    def now(self) -> int:
        """The server's clock, in unix seconds."""
        return int(time.time() + self.settings["clock_offset"])

    def find_user(self, key: str) -> User | None:
        """Return the user with this key."""
        for row in self.tables.list("user"):
            if key and row["key"] == key and row["is_open"]:
                return User(row["id"], row["login"], row["is_admin"], frozenset(row["rights"]))
        return None

    def extra_fields(self, element: str) -> dict[str, Row]:
        """Return the definitions of the extra fields of an element."""
        return {row["name"]: row for row in self.tables.list("extrafield") if row["element"] == element}

    def log(self, entry: dict[str, Any]) -> None:
        """Remember a request."""
        with self.guard:
            self.requests.append(entry)
            del self.requests[:-_MOST_LOGGED]


def _install(transaction: Transaction, name: str) -> None:
    transaction.insert("settings", {})
    transaction.insert(
        "user", {"login": "admin", "key": f"admin-{name}", "is_admin": True, "rights": [], "is_open": 1}
    )
    transaction.insert(
        "user",
        {
            "login": "lumira",
            "key": f"sync-{name}",
            "is_admin": False,
            "rights": list(SYNC_RIGHTS),
            "is_open": 1,
        },
    )
    transaction.insert(
        "bankaccount",
        {
            "ref": "PSP",
            "label": "Payment provider",
            "type": 1,
            "currency_code": "EUR",
            "country_id": 1,
            "clos": 0,
        },
    )
