"""All installations of the sandbox, by the name in their address."""

import re
import threading
from pathlib import Path

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from lumira.sandbox.dolibarr import api, control, pages
from lumira.sandbox.dolibarr.installation import Installation
from lumira.sandbox.dolibarr.tables import File

PREFIX = "/dolibarr/"

_PATH = re.compile(r"/dolibarr/([a-z0-9_-]{1,60})(?:/(.*))?", re.DOTALL)


class Dolibarr:
    """``/dolibarr/<name>``: an installation is created by its first request."""

    def __init__(self, state_directory: Path) -> None:
        self._file = File(state_directory)
        self._guard = threading.Lock()
        self._installations: dict[str, Installation] = {}

    def handle(self, request: Request) -> Response:
        """Return the reply to a request; raises ``ConnectionDroppedError`` for one that never arrives."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return Response("Not found", 404)
        name, rest = match[1], match[2]
        if rest is None:
            return redirect(f"{request.path}/")
        if rest == "control/reset" and request.method == "POST":
            return self._reset(name)
        installation = self._installation(name)
        if rest.startswith("api/index.php/"):
            return api.handle(installation, rest.removeprefix("api/index.php/"), request)
        if rest.startswith("control/"):
            return control.handle(installation, rest.removeprefix("control/"), request)
        return pages.handle(installation, rest, request)

    def _installation(self, name: str) -> Installation:
        with self._guard:
            if name not in self._installations:
                self._installations[name] = Installation(self._file, name)
            return self._installations[name]

    def _reset(self, name: str) -> Response:
        with self._guard:
            self._installations.pop(name, None)
            self._file.forget(name)
        return Response("{}", mimetype="application/json")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
