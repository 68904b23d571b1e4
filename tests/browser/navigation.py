"""Opens a page of the dashboard by its name in the navigation, as an operator does in any window."""

from playwright.sync_api import Page


def open_menu(page: Page) -> None:
    """Show the pages in a narrow window; in a wide one they are always visible."""
    button = page.get_by_role("button", name="Menu", exact=True)
    if button.is_visible():
        button.click()


def go_to(page: Page, name: str, *, group: str | None = None) -> None:
    """Open a page; `group` is the name of its group, if it has one."""
    open_menu(page)
    pages = page.get_by_role("navigation", name="Pages de la boutique")
    if group:
        pages.locator("summary", has_text=group).click()
    pages.get_by_role("link", name=name, exact=True).click()
