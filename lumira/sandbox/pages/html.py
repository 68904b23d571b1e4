"""Pages of the sandbox: plain HTML without outside assets; every value is escaped."""

from string import Template

from markupsafe import escape
from werkzeug.wrappers import Response

_FRAME = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1f36; }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
code, pre { background: #f2f4f8; border-radius: 4px; padding: .1rem .3rem; overflow-wrap: anywhere; }
pre { padding: .8rem; white-space: pre-wrap; }
button { font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: 6px; margin-right: .6rem; }
.yes { background: #0b6e4f; color: #fff; }
.no { background: #b3261e; color: #fff; }
.note { color: #5b6478; }
</style>
</head>
<body>
<h1>$title</h1>
$content
</body>
</html>
"""
)


def html_page(title: str, content: str, status: int = 200) -> Response:
    """A page with this title; ``content`` is HTML whose values the caller has escaped."""
    response = Response(_FRAME.substitute(title=escape(title), content=content), status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def filled(template: str, **values: object) -> str:
    """The template with each value escaped."""
    return Template(template).substitute({name: escape(str(value)) for name, value in values.items()})
