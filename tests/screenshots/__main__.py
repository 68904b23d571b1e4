"""Start the demo in a temporary folder, open its pages in Chromium, and store their pictures."""

import io
import sys
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lumira.cli.demo.brand_client import list_emails
from lumira.cli.demo.command import running_once
from lumira.cli.demo.installation import Installation, find_free_port
from lumira.cli.demo.portal import link_in
from tests.browser.windows import chromium, opened
from tests.screenshots.shots import SHOTS, Shot

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
#: Bytes of one picture.
LARGEST = 150_000
#: Colours of a picture, as many as fit.
_COLORS = (256, 128, 64, 32)


def main() -> None:
    with running_once(find_free_port(), find_free_port()) as installation:
        places = {"portal": _portal(installation)}
        with sync_playwright() as playwright, chromium(playwright) as browser:
            for shot in SHOTS:
                take(browser, installation, shot, places)


def _portal(installation: Installation) -> str:
    """The portal of the demo's buyer of a level."""
    links = (link_in(email, installation) for email in list_emails(installation, "LUM-"))
    return next(filter(None, links))


def take(browser: Browser, installation: Installation, shot: Shot, places: dict[str, str]) -> None:
    """Store the picture of one page."""
    path = shot.path.format(**places)
    with opened(browser, shot.window) as page:
        reply = page.goto(path if path.startswith("http") else f"{installation.url}{path}")
        if reply is None or not reply.ok:
            sys.exit(f"{shot.name}: {path} cannot be shown.")
        page.wait_for_load_state("networkidle")
        picture = compressed(page.screenshot())
    file = FOLDER / f"{shot.name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(picture)
    click.echo(f"{file.relative_to(FOLDER.parents[1])}: {len(picture) // 1000} kB")


def compressed(screenshot: bytes) -> bytes:
    """The picture with a palette, so that it is small enough for a repository."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    for colors in _COLORS:
        file = io.BytesIO()
        image.quantize(colors, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= LARGEST:
            return file.getvalue()
    sys.exit(f"The picture has more than {LARGEST} bytes.")


if __name__ == "__main__":
    main()
