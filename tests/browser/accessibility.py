"""What axe-core finds on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: What the engine itself calls serious, and worse.
_SERIOUS = ("serious", "critical")


def serious_findings(page: Page) -> list[str]:
    """What axe finds, each with the elements that it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in _SERIOUS
    ]
