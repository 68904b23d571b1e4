"""Contents and deliverables of the catalog file, and the difference that applying them makes."""

import secrets
from pathlib import Path

import pytest

from lumira.cli.catalog import read_catalog
from lumira.database import atomic
from lumira.models import ContentKind, Product
from lumira.repositories.tenants import tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.catalog import CatalogDifference
from lumira.services.files.upload_content import upload_content, view_contents
from tests.support.files import upload_of

pytestmark = pytest.mark.usefixtures("app_context")

FILE = """
[tenant]
slug = "{slug}"
name = "Maison"
currency = "eur"

[[products]]
id = "profil"
kind = "level"
level = 2
name = "Profil"
amount = 1400
{parts}
"""
CARD = '{ key = "carte", title = "Votre carte", kind = "card" }'
GUIDE = '{ key = "guide", title = "Le guide", kind = "pdf" }'
READING = 'deliverables = [{ key = "lecture", title = "Votre lecture" }]'


class Shop:
    """A tenant with a changing catalog file."""

    def __init__(self, folder: Path) -> None:
        self.slug = f"maison-{secrets.token_hex(5)}"
        self.path = folder / "catalog.toml"

    def apply(self, parts: str, *, dry_run: bool = False) -> CatalogDifference:
        self.path.write_text(FILE.format(slug=self.slug, parts=parts))
        return apply_catalog(read_catalog(self.path), actor="test", dry_run=dry_run)

    @property
    def id(self) -> int:
        with atomic(None):
            return tenants.find_id(self.slug) or 0

    def contents(self) -> list[tuple[str, ContentKind, str | None]]:
        return [
            (view.content.key, view.content.kind, view.file and view.file.file_name)
            for view in view_contents(self.id)
        ]

    def promised(self) -> list[dict[str, str]]:
        tenant_id = self.id
        with atomic(tenant_id) as session:
            return session.get_one(Product, (tenant_id, "profil")).deliverables


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def changed_fields(difference: CatalogDifference) -> dict[str, tuple[object, object]]:
    return {
        field.name: (field.before, field.after)
        for product in difference.products
        for field in product.fields
        if field.name.startswith(("content", "deliverables"))
    }


def test_a_file_sets_contents_and_deliverables(shop) -> None:
    difference = shop.apply(f"contents = [{CARD}, {GUIDE}]\n{READING}")

    assert changed_fields(difference) == {
        "content carte": (None, "1. Votre carte (card)"),
        "content guide": (None, "2. Le guide (pdf)"),
        "deliverables": (None, "lecture (Votre lecture)"),
    }
    assert shop.contents() == [("carte", ContentKind.CARD, None), ("guide", ContentKind.PDF, None)]
    assert shop.promised() == [{"key": "lecture", "title": "Votre lecture"}]


def test_the_same_file_again_changes_nothing(shop) -> None:
    shop.apply(f"contents = [{CARD}]\n{READING}")
    assert shop.apply(f"contents = [{CARD}]\n{READING}").is_empty


def test_contents_follow_the_file_and_keep_their_uploads(shop) -> None:
    shop.apply(f"contents = [{CARD}]\n{READING}")
    upload_content(shop.id, "profil", "carte", upload_of(name="carte.pdf"), actor="test")

    moved = shop.apply(f"contents = [{GUIDE}, {CARD.replace('Votre', 'Ma')}]")

    assert changed_fields(moved) == {
        "content carte": ("1. Votre carte (card)", "2. Ma carte (card)"),
        "content guide": (None, "1. Le guide (pdf)"),
        "deliverables": ("lecture (Votre lecture)", None),
    }
    assert shop.contents() == [("guide", ContentKind.PDF, None), ("carte", ContentKind.CARD, "carte.pdf")]
    assert changed_fields(shop.apply("")) == {
        "content carte": ("2. Ma carte (card)", None),
        "content guide": ("1. Le guide (pdf)", None),
    }
    assert shop.contents() == []
    shop.apply(f"contents = [{CARD}]")
    assert shop.contents() == [("carte", ContentKind.CARD, "carte.pdf")]


def test_a_dry_run_returns_the_same_difference_and_changes_nothing(shop) -> None:
    shop.apply("")
    would = shop.apply(f"contents = [{CARD}]\n{READING}", dry_run=True)
    assert set(changed_fields(would)) == {"content carte", "deliverables"}
    assert shop.contents() == []
    assert shop.promised() == []
    assert changed_fields(shop.apply(f"contents = [{CARD}]\n{READING}")) == changed_fields(would)


def test_the_contents_of_a_product_that_looks_renamed_are_counted(shop: Shop) -> None:
    shop.apply(f"contents = [{CARD}, {GUIDE}]")
    shop.path.write_text(shop.path.read_text().replace('id = "profil"', 'id = "portrait"'))

    [renamed] = apply_catalog(read_catalog(shop.path), actor="test", dry_run=True).renamed

    assert (renamed.before, renamed.after, renamed.contents) == ("profil", "portrait", 2)
