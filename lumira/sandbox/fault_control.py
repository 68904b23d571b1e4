"""``/sandbox/faults``: shows and replaces the injected faults of an account."""

from collections.abc import Callable

from lumira.sandbox import faults
from lumira.sandbox.account import open_account
from lumira.sandbox.control_parameters import Json, check_names, check_queued
from lumira.sandbox.latency import Latency
from lumira.sandbox.store import Store

_FAULTS = {"latency_ms", *faults.RATES}


class FaultControl:
    """The control routes of injected faults."""

    def __init__(self, store: Store, latency: Latency) -> None:
        self._store = store
        self._latency = latency

    def handlers(self) -> dict[tuple[str, str], Callable[[str, Json], Json]]:
        """The handlers by method and path below ``/sandbox/``."""
        return {("GET", "faults"): self._show, ("POST", "faults"): self._replace}

    def _show(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            permanent = open_account(connection, account_id).settings.get("faults", {})
            return {"permanent": permanent, "queued": faults.list_queued(connection, account_id)}

    def _replace(self, account_id: str, sent: Json) -> Json:
        queued = sent.pop("queued", [])
        check_names(sent, _FAULTS)
        for spec in queued:
            check_queued(spec)
        with self._store.transaction() as connection:
            account = open_account(connection, account_id)
            account.settings["faults"] = sent
            account.save_settings()
            connection.execute("DELETE FROM faults WHERE account = ?", (account_id,))
            for spec in queued:
                faults.enqueue(connection, account_id, spec)
        self._latency.end(account_id)
        return self._show(account_id, {})
