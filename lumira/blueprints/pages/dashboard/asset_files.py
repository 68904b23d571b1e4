"""The style sheets and the script of the dashboard: Bootstrap's from its package, and our own."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lumira import pages

#: Where Bootstrap-Flask keeps Bootstrap's files.
_BOOTSTRAP = Path("static", "bootstrap5", "css", "bootstrap.min.css")


@cache
def files() -> dict[str, Path]:
    """The files by their names."""
    spec = find_spec("flask_bootstrap")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Bootstrap-Flask is not installed.")
    return {
        "bootstrap.css": Path(spec.submodule_search_locations[0]) / _BOOTSTRAP,
        "dashboard.css": pages.STATIC / "dashboard.css",
        "dashboard.js": pages.STATIC / "dashboard.js",
        "preview.js": pages.STATIC / "preview.js",
        "upload.js": pages.STATIC / "upload.js",
    }


@cache
def version(name: str) -> str:
    """The first digits of a file's hash: a browser keeps a file until it changes."""
    return hashlib.sha256(files()[name].read_bytes()).hexdigest()[:12]


@cache
def urls() -> dict[str, str]:
    """The URL of each file, with its version."""
    return {name: f"/dashboard/-/assets/{version(name)}/{name}" for name in files()}
