"""A message can be previewed in a tenant's colours, in a browser and in a mail program."""

import email
import email.policy
import webbrowser
from pathlib import Path

import pytest

from lumira.notifications import samples

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("kind", samples.KINDS)
def test_every_kind_of_message_has_a_preview(kind, locale, run_flask):
    html, text, mail = map(Path, run_flask("messages", "preview", kind, "--locale", locale).stdout.split())
    assert html.read_text().startswith("<!doctype html>")
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert message["Content-Language"] == locale
    assert message.get_body(("plain",)).get_content().splitlines() == text.read_text().splitlines()
    assert not message.defects


def test_a_preview_has_the_name_and_colours_of_a_tenant(run_flask, make_brand):
    brand = make_brand(brand_color="#123456")
    html = run_flask("messages", "preview", "order_confirmation", "--tenant", brand.slug).stdout.split()[0]
    assert brand.name in Path(html).read_text()
    assert "#123456" in Path(html).read_text()


def test_a_preview_is_opened_in_a_browser(run_flask, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    result = run_flask("messages", "preview", "alert", "--open")
    [url] = opened
    assert url == Path(result.stdout.split()[0]).as_uri()
    assert "No browser" in result.stderr


def test_an_unknown_kind_locale_or_brand_is_one_line(run_flask):
    run_flask("messages", "preview", "nonsense", code=2)
    run_flask("messages", "preview", "alert", "--locale", "de", code=2)
    run_flask("messages", "preview", "alert", "--tenant", "unknown", code=1)
