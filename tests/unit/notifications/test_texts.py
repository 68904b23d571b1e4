"""Every message exists in both languages, is complete, and escapes its values."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lumira.models import AlertKind, Language, MessageKind, RefundOrigin, Tenant
from lumira.notifications import samples, texts
from lumira.notifications.alert_texts import TEXTS, text_for
from lumira.notifications.texts import Text
from lumira.notifications.theme import contrast, theme_of

TEMPLATES = Path(texts.__file__).parent / "templates"
EVERY = [(kind, language) for kind in samples.KINDS for language in Language]
NASTY = '<b>Bold</b> & "quoted"\r\nBcc: victim@example.com\u2028next\u202eturned'


def written(kind: str, language: Language, tenant: Tenant | None = None, **values: object) -> Text:
    tenant = tenant or samples.sample_tenant()
    draft = samples.draft(kind, language, tenant)
    shown = draft.values | {"receipt": None, "support_email": draft.reply_to} | values
    return texts.render(kind, language, tenant, shown)


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_kind_is_complete_in_both_languages(kind, language):
    text = written(kind, language)
    assert text.subject
    assert text.plain.endswith("-- \nLumira\n")
    for part in (text.subject, text.plain, text.html):
        assert not re.search(r"\{[{%#]|[}%#]\}|Undefined|\bNone\b", part)
    assert f'<html lang="{language}">' in text.html


def test_every_kind_and_language_has_its_templates_and_no_others_exist():
    kinds = [*MessageKind, "alert", "operator_invitation"]
    expected = {
        f"{kind}.{language}.{form}.jinja"
        for kind in kinds
        for language in Language
        for form in ("txt", "html")
    }
    there = {path.name for path in TEMPLATES.iterdir() if path.name.count(".") == 3}
    assert there == expected


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_plain_text_contains_everything_that_the_html_contains(kind, language):
    text = written(kind, language, receipt="LUM-2026-000012")
    plain = _squeezed(text.plain + text.subject)
    for link in re.findall(r'href="([^"]+)"', text.html):
        assert link in text.plain
    above_the_footer = text.html.partition("padding:20px 12px 0")[0]
    for shown in re.findall(r"LUM-[0-9A-Z-]+|\d+[.,]\d\d", re.sub("<[^>]+>", " ", above_the_footer)):
        assert _squeezed(shown) in plain


@pytest.mark.parametrize("kind", samples.KINDS)
def test_the_languages_differ(kind):
    french, english = (written(kind, language) for language in (Language.FRENCH, Language.ENGLISH))
    assert french.subject != english.subject
    assert french.plain != english.plain


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_names_are_escaped_in_html_and_one_line_in_plain_text(kind, language):
    tenant = samples.sample_tenant()
    tenant.name = NASTY
    order = samples.draft(kind, language, tenant).values["order"]
    for line in order.lines:
        line.product_name = NASTY
    text = written(kind, language, tenant, order=order)
    assert "<b>" not in text.html
    assert not re.search(r"^\s*Bcc:", text.plain, re.MULTILINE)
    assert not set("\r\n\u2028\u202e") & set(text.subject)
    assert not set("\r\u2028\u202e") & set(text.plain + text.html)


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_html_is_well_formed_and_loads_nothing(kind, language):
    text = written(kind, language, receipt="LUM-2026-000012")
    checker = _Balanced()
    checker.feed(text.html)
    assert checker.open == []
    assert not re.search(r"<(img|link|script|style)|url\(|src=", text.html)


@pytest.mark.parametrize("origin", RefundOrigin)
@pytest.mark.parametrize("language", Language)
def test_an_automatic_refund_states_its_reason(origin, language):
    usual = written(MessageKind.ORDER_REFUNDED, language)
    shown = written(MessageKind.ORDER_REFUNDED, language, origin=origin)
    assert (shown.plain != usual.plain) == (origin is not RefundOrigin.REQUESTED)


@pytest.mark.parametrize("language", Language)
def test_a_message_without_a_portal_link_is_complete(language):
    for kind in (MessageKind.ORDER_CONFIRMATION, MessageKind.ACCESS_READY, MessageKind.DELIVERABLE_READY):
        text = written(kind, language, access_url=None)
        # The confirmation links to the terms and to the withdrawal, and to nothing else.
        expected = ["https://example.com/terms", "https://example.com/retractation/sample"]
        links = expected if kind is MessageKind.ORDER_CONFIRMATION else []
        assert re.findall(r'href="([^"]*)"', text.html) == links
        assert re.findall(r"https?://\S+", text.plain) == links


def test_a_receipt_is_named_only_where_it_is_attached():
    attached = written(MessageKind.ORDER_CONFIRMATION, Language.FRENCH, receipt="LUM-2026-000012")
    assert "LUM-2026-000012 est joint" in attached.plain
    assert "joint" not in written(MessageKind.ORDER_CONFIRMATION, Language.FRENCH).plain


def test_a_free_order_shows_no_amount():
    tenant = samples.sample_tenant()
    order = samples.draft(MessageKind.ORDER_CONFIRMATION, Language.FRENCH, tenant).values["order"]
    order.amount = 0
    for line in order.lines:
        line.unit_amount = 0
    text = written(MessageKind.ORDER_CONFIRMATION, Language.FRENCH, order=order)
    assert "Total\u00a0: gratuit" in text.plain
    assert "0,00" not in text.plain + text.html


@pytest.mark.parametrize(
    ("primary", "background"),
    [
        (None, None),
        ("#D4AF37", "#0F0B19"),
        ("#FFFFFF", "#FFFFFF"),
        ("#000000", "#000000"),
        ("#777777", "#808080"),
    ],
)
def test_text_has_enough_contrast_in_every_theme(primary, background):
    tenant = samples.sample_tenant()
    tenant.brand_color, tenant.brand_background = primary, background
    theme = theme_of(tenant)
    assert contrast(theme.on_primary, theme.primary) >= 4
    assert contrast(theme.on_background, theme.background) >= 4
    assert contrast(theme.heading, theme.background) >= 3
    assert contrast(theme.muted, theme.surface) >= 4.5
    assert contrast(theme.edge, theme.surface) >= 1.5


def test_a_message_has_its_brands_colours():
    tenant = samples.sample_tenant()
    tenant.brand_color, tenant.brand_background, tenant.brand_radius = "#D4AF37", "#0F0B19", 12
    html = written(MessageKind.ORDER_CONFIRMATION, Language.FRENCH, tenant).html
    for style in ("background-color:#0F0B19", "background-color:#D4AF37", "border-radius:12px"):
        assert style in html


def test_every_alert_that_is_sent_is_explained_in_both_languages():
    never_sent = {AlertKind.DISPUTE, AlertKind.INQUIRY, AlertKind.ALERT_NOT_SENT}
    assert set(TEXTS) == set(AlertKind) - never_sent
    for kind in TEXTS:
        french, english = (text_for(kind, language) for language in (Language.FRENCH, Language.ENGLISH))
        assert french.title
        assert french.meaning != english.meaning


def test_an_alert_without_an_explanation_shows_its_kind():
    assert text_for(AlertKind.DISPUTE, Language.FRENCH).title == "dispute"


def test_every_alert_kind_is_raised_by_the_code():
    package = Path(texts.__file__).parents[1]
    definitions = {package / "models" / "alert.py", *(package / "notifications").glob("*_alert_texts.py")}
    code = "".join(path.read_text() for path in package.rglob("*.py") if path not in definitions)
    assert set(re.findall(r"AlertKind\.([A-Z_]+)", code)) == set(AlertKind.__members__)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


class _Balanced(HTMLParser):
    """What was opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - as the parser calls it
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_operators_find_every_alert_kind_in_the_operations_guide():
    guide = (Path(texts.__file__).parents[2] / "docs" / "operations.md").read_text()
    section = guide.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == set(AlertKind)
