"""What is checked of every page in a browser window."""

from playwright.sync_api import Page


def fits(page: Page) -> bool:
    """Whether the page does not scroll horizontally."""
    viewport = page.viewport_size
    assert viewport is not None
    return all(
        box is None or box["x"] + box["width"] <= viewport["width"] + 1
        for box in (each.bounding_box() for each in page.locator("body *").all())
    )
