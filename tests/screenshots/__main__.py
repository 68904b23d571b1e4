"""Start the demo in a temporary folder, open its pages in Chromium, and store their pictures."""

import io
import sys
from pathlib import Path
from typing import Any

import click
import pyotp
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lumira.cli.demo.brand_client import list_emails
from lumira.cli.demo.command import running_once
from lumira.cli.demo.installation import Installation, find_free_port
from lumira.cli.demo.operator import read_operator
from lumira.cli.demo.portal import link_in
from lumira.formats import ORDER_NUMBER_PATTERN
from tests.browser.windows import DESKTOP, chromium, opened
from tests.screenshots.shots import SHOTS, Shot

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
#: Bytes of one picture.
LARGEST = 150_000
#: Colours of a picture, as many as fit.
_COLORS = (256, 128, 64, 32)


def main() -> None:
    with running_once(find_free_port(), find_free_port()) as installation:
        places = _places(installation)
        with sync_playwright() as playwright, chromium(playwright) as browser:
            signed_in = _sign_in(browser, installation)
            for shot in SHOTS:
                take(browser, installation, shot, places, signed_in)


def _places(installation: Installation) -> dict[str, str]:
    """The portal of the demo's buyer of a level, and the number of the order."""
    for email in list_emails(installation, "LUM-"):
        portal, order = link_in(email, installation), ORDER_NUMBER_PATTERN.search(str(email["Subject"]))
        if portal is not None and order is not None:
            return {"portal": portal, "order": order[0]}
    sys.exit("The demo has sent no message with a link to a portal.")


def _sign_in(browser: Browser, installation: Installation) -> list[Any]:
    """The cookies of the demo's operator; a code signs in once, so every page has the same ones."""
    operator = read_operator(installation)
    with opened(browser, DESKTOP) as page:
        page.goto(f"{installation.url}/dashboard")
        page.locator("[name=email]").fill(operator.email)
        page.locator("[name=password]").fill(operator.password)
        page.locator("[name=code]").fill(pyotp.TOTP(operator.secret).now())
        page.locator("main button[type=submit]").click()
        page.wait_for_url(f"{installation.url}/dashboard")
        return list(page.context.cookies())


def take(
    browser: Browser, installation: Installation, shot: Shot, places: dict[str, str], signed_in: list[Any]
) -> None:
    """Store the picture of one page."""
    path = shot.path.format(**places)
    with opened(browser, shot.window) as page:
        page.context.add_cookies(signed_in)
        reply = page.goto(path if path.startswith("http") else f"{installation.url}{path}")
        if reply is None or not reply.ok:
            sys.exit(f"{shot.name}: {path} cannot be shown.")
        if shot.press is not None:
            page.locator(shot.press).first.click()
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
