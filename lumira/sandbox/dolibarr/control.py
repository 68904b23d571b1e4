"""``/dolibarr/<name>/control/…``: what a test does to an installation. No part of Dolibarr's API.

==================  ====================================================================================
``POST settings``   changes settings: ``down``, ``latency_ms``, ``version``, ``modules_off``, …
``POST faults``     replaces the faults: ``{"queued": [{fault, method?, path?, times?, ms?, skip?}], "seed"}``
``POST users``      changes the user for synchronisations: ``key``, ``rights``, ``is_open``
``POST webhooks``   replaces the webhook targets: ``{"targets": [{url, type, codes}]}``
``POST extrafields``  defines the extra field ``{"name", "unique"}`` on all elements, as an administrator does
``POST reset``      deletes everything
``GET requests``    the calls of the API; ``GET history``: what was posted to the targets; ``GET rows``: all rows
==================  ====================================================================================
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from werkzeug.wrappers import Request, Response

from lumira.sandbox.dolibarr.installation import DEFAULTS, Installation

Json: TypeAlias = dict[str, Any]

_ELEMENTS = ("societe", "commande", "facture")
_SYNC_USER = 2


def handle(installation: Installation, name: str, request: Request) -> Response:
    """Return the reply to a control request, as JSON; 400 with a message if it makes no sense."""
    try:
        action = _ACTIONS[request.method, name]
        sent = json.loads(request.get_data() or b"{}")
        return _reply(200, action(installation, sent))
    except (ValueError, KeyError, TypeError) as error:
        return _reply(400, {"error": f"{type(error).__name__}: {error}"})


def _reply(status: int, value: Json) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _change_settings(installation: Installation, sent: Json) -> Json:
    unknown = sent.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"Unknown settings: {', '.join(sorted(unknown))}.")
    installation.change_settings(sent)
    return installation.settings


def _replace_faults(installation: Installation, sent: Json) -> Json:
    installation.faults.replace(sent.get("queued", []), seed=sent.get("seed", 0))
    return _show_faults(installation, {})


def _show_faults(installation: Installation, _: Json) -> Json:
    return {"queued": installation.faults.queued()}


def _change_user(installation: Installation, sent: Json) -> Json:
    unknown = sent.keys() - {"key", "rights", "is_open"}
    if unknown:
        raise ValueError(f"Unknown: {', '.join(sorted(unknown))}.")
    with installation.tables.transaction() as transaction:
        user = transaction.get("user", _SYNC_USER)
        if user is None:
            raise ValueError("The user does not exist.")
        transaction.put("user", user | sent)
    return {"user": user | sent}


def _replace_targets(installation: Installation, sent: Json) -> Json:
    with installation.tables.transaction() as transaction:
        for target in transaction.list("webhook"):
            transaction.delete("webhook", target["id"])
        for target in sent["targets"]:
            row = {"url": target["url"], "type": target.get("type", 1), "codes": target.get("codes", [])}
            transaction.insert("webhook", row)
    return sent


def _define_extra_field(installation: Installation, sent: Json) -> Json:
    with installation.tables.transaction() as transaction:
        for element in sent.get("elements", _ELEMENTS):
            definition = {
                "element": element,
                "name": sent["name"],
                "label": sent["name"],
                "type": "varchar",
                "size": "64",
                "unique": sent.get("unique", 1),
            }
            transaction.insert("extrafield", definition)
    return sent


def _show_requests(installation: Installation, _: Json) -> Json:
    return {"requests": list(installation.requests)}


def _show_history(installation: Installation, _: Json) -> Json:
    return {"history": list(installation.history)}


def _show_rows(installation: Installation, _: Json) -> Json:
    kinds = list(installation.tables.kinds)
    return {kind: installation.tables.list(kind) for kind in kinds if kind not in ("settings", "user")}


_ACTIONS: dict[tuple[str, str], Callable[[Installation, Json], Json]] = {
    ("POST", "settings"): _change_settings,
    ("POST", "faults"): _replace_faults,
    ("GET", "faults"): _show_faults,
    ("POST", "users"): _change_user,
    ("POST", "webhooks"): _replace_targets,
    ("POST", "extrafields"): _define_extra_field,
    ("GET", "requests"): _show_requests,
    ("GET", "history"): _show_history,
    ("GET", "rows"): _show_rows,
}
