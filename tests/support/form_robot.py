"""A robot that follows all links of a site and fills in all its forms."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from tests.support.http_browser import HOST, HttpBrowser

#: What differs between two pages or forms of one kind.
_NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z0-9]+-[A-Z0-9]{6,}|evt_\w+|(?<=[a-z-])[0-9]+")


@dataclass
class Form:
    """A form of a page: where it leads, and its fields with type and value."""

    method: str
    action: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def kind(self) -> tuple[str, ...]:
        """The same for all forms of one kind."""
        return (
            self.method,
            _NAMES.sub("#", urlsplit(self.action).path),
            *sorted({name for name, _, _ in self.fields}),
        )


class _Page(HTMLParser):
    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._is_in_form = False
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        match tag:
            case "a" if "href" in values:
                self.links.append(urljoin(self.path, values["href"]))
            case "form":
                self._is_in_form = True
                action = urljoin(self.path, values.get("action") or self.path)
                self.forms.append(Form(values.get("method", "get").lower(), action))
            case "select":
                self._select = values.get("name")
            case "option" if self._select and values.get("value"):
                self._add(self._select, "option", values["value"])
                self._select = None
            case "input" | "textarea" | "button" if values.get("name"):
                kind = "textarea" if tag == "textarea" else values.get("type", "text")
                self._add(values["name"], kind, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in_form = False

    def _add(self, name: str, kind: str, value: str) -> None:
        if self._is_in_form:
            self.forms[-1].fields.append((name, kind, value))


Filling = Callable[[str, str, str], str | tuple[str, bytes]]


@dataclass
class Robot:
    """Opens every page that it finds under `roots`, and submits each kind of form once for each filling.

    `fill(door, type, value)` returns the value of a field, or name and content of a file.
    """

    browser: HttpBrowser
    roots: tuple[str, ...]
    fillings: tuple[Filling, ...]
    avoid: str = r"\Z."
    seen: set[str] = field(default_factory=set)
    submitted: set[tuple[str, ...]] = field(default_factory=set)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def run(self, *paths: str, most: int = 150) -> None:
        """Begin at these paths; open `most` pages at most."""
        waiting = list(paths)
        while waiting and len(self.seen) < most:
            path = waiting.pop(0)
            kind = _NAMES.sub("#", path)
            if kind in self.seen or not path.startswith(self.roots) or re.search(self.avoid, path):
                continue
            self.seen.add(kind)
            reply = self.browser.get(path)
            self.statuses.append((f"GET {path}", reply.status_code))
            if "html" not in reply.headers.get("Content-Type", ""):
                continue
            page = _Page(path, reply.text)
            waiting += page.links
            for form in page.forms:
                waiting += self._submit(form, path)

    def _submit(self, form: Form, path: str) -> Iterator[str]:
        if (
            form.kind in self.submitted
            or not form.action.startswith(self.roots)
            or re.search(self.avoid, form.action)
        ):
            return
        self.submitted.add(form.kind)
        for fill in self.fillings:
            values: dict[str, str] = {}
            files: dict[str, tuple[str, bytes]] = {}
            for name, kind, value in form.fields:
                filled = fill(f"field {name} of {form.kind[1]}", kind, value)
                if isinstance(filled, tuple):
                    files[name] = filled
                else:
                    values.setdefault(name, filled)
            if form.method == "get":
                reply = self.browser.get(form.action, params=values)
            else:
                headers = {"Referer": f"https://{HOST}{path}"}
                reply = self.browser.post(form.action, data=values, files=files or None, headers=headers)
            self.statuses.append((f"{form.method.upper()} {form.action}", reply.status_code))
            if "Location" in reply.headers:
                yield urlsplit(reply.headers["Location"])._replace(scheme="", netloc="").geturl()
