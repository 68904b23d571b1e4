"""Style sheets and the script of the dashboard, served by ourselves."""

from http import HTTPStatus

from flask import Response, abort, send_file

from lumira.blueprints.pages.dashboard import asset_files
from lumira.blueprints.pages.dashboard.routing import dashboard

#: Seconds. The URL of a file has its version: it never changes.
_LIFETIME = 365 * 24 * 3600


@dashboard.file("/assets/<version>/<name>")
def send(version: str, name: str) -> Response:
    """One file, which a browser may keep."""
    path = asset_files.files().get(name)
    if path is None:
        abort(HTTPStatus.NOT_FOUND)
    reply = send_file(path, max_age=_LIFETIME if version == asset_files.version(name) else 0)
    reply.cache_control.public = True
    reply.cache_control.immutable = True
    return reply
