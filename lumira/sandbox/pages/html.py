"""Plain HTML pages of the sandbox, without external assets; every value is escaped."""

from string import Template

from markupsafe import Markup, escape
from werkzeug.wrappers import Response

#: Text that is already HTML and is not escaped again.
Html = Markup

_FRAME = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1f36; }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
code, pre { background: #f2f4f8; border-radius: 4px; padding: .1rem .3rem; overflow-wrap: anywhere; }
pre { padding: .8rem; white-space: pre-wrap; }
button { font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: 6px; margin-right: .6rem; }
.yes { background: #0b6e4f; color: #fff; }
.no { background: #b3261e; color: #fff; }
.alert { background: #fdecea; border-left: 4px solid #b3261e; padding: .6rem 1rem; }
table { border-collapse: collapse; width: 100%; }
.long { overflow-wrap: anywhere; }
th, td { border-bottom: 1px solid #d5dbe5; padding: .4rem .3rem; text-align: left; }
th:nth-child(n+2), td:nth-child(n+2), tfoot td { text-align: right; }
fieldset { border: 1px solid #d5dbe5; border-radius: 6px; margin: 0 0 1rem; }
input[type=email], input:not([type]), textarea { display: block; font: inherit; padding: .4rem; width: 100%; }
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
    """Return a page with this title; ``content`` is HTML whose values the caller has escaped."""
    response = Response(_FRAME.substitute(title=escape(title), content=content), status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def render(template: str, **values: object) -> Html:
    """Return the template with its values, each escaped unless it is already HTML."""
    return Html(Template(template).substitute({name: escape(value) for name, value in values.items()}))
