"""Receipts and credit notes as PDF."""

from datetime import UTC
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lumira.documents import figures, pdf
from lumira.documents.wording import WORDS, form_of, title_of
from lumira.models import Language, Receipt


def render(receipt: Receipt, *, locale: str | None = None) -> bytes:
    """Render a receipt or credit note as PDF, in French unless the locale is English.

    Depends on the row and the language alone: it needs no transaction, and the row may come from one that
    has ended. `RenderingUnavailable` if system libraries are missing.
    """
    return pdf.render(
        write_html(receipt, Language.of(locale)), identifier=f"{receipt.tenant_id}:{receipt.id}"
    )


def write_html(receipt: Receipt, language: Language) -> str:
    """Return the HTML of a receipt or credit note."""
    return _template().render(
        language=language,
        words=WORDS[language],
        title=title_of(receipt.kind, receipt.label, language),
        receipt=receipt,
        form=form_of(receipt),
        seller=receipt.seller,
        buyer=receipt.buyer,
        # The time of issue, so that every rendering is the same file.
        created=receipt.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        amount=lambda minor: figures.amount_in(language, minor, receipt.currency),
        day=lambda at: figures.day_in(language, at, receipt.time_zone),
        rate=partial(figures.rate_in, language),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lumira.documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("receipt.html")
