"""`flask images …`, as an operator types them."""

from pathlib import Path

import pytest

from tests.support.images import picture

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "carte.png"
    path.write_bytes(picture())
    return path


def test_an_image_is_uploaded_listed_and_removed(run_flask, tenant, png) -> None:
    upload = ("images", "upload", tenant.slug, "mystique", png)
    output = run_flask(*upload, "--alt-fr", "Une carte dorée").stdout
    assert output == f"{tenant.slug} mystique: 320 x 213, 960 x 640 pixels.\n"
    assert "already: nothing was changed" in run_flask(*upload).stdout
    listed = run_flask("images", "list", tenant.slug).stdout
    assert "Une carte dorée" in listed
    assert "320 x 213, 960 x 640" in listed

    assert "is removed" in run_flask("images", "remove", tenant.slug, "mystique").stdout
    assert "mystique" not in run_flask("images", "list", tenant.slug).stdout
    assert "has no image" in run_flask("images", "remove", tenant.slug, "mystique", code=1).stderr


def test_a_refused_image_is_one_line(run_flask, tenant, png, tmp_path) -> None:
    page = tmp_path / "page.png"
    page.write_bytes(b"<html>")
    upload = ("images", "upload", tenant.slug)
    assert "Only PNG, JPEG and WebP images" in run_flask(*upload, "mystique", page, code=1).stderr
    assert "no product nothing" in run_flask(*upload, "nothing", png, code=1).stderr
    run_flask(*upload, "mystique", png, "--alt-fr", "x" * 301, code=2)
    run_flask(*upload, "mystique", png, "--alt-en", "two\nlines", code=2)
