"""Plants markers through all pages and forms."""

from typing import Any

from tests.support.dashboard import OperatorBrowser, make_operator
from tests.support.files import PDF
from tests.support.form_robot import Robot
from tests.support.http_browser import HttpBrowser
from tests.support.planted_markers import Markers
from tests.support.planting import Planting
from tests.support.portal_pages import path_of


def plant_through_pages(planting: Planting) -> None:
    """Open all pages, and submit all forms, as an owner, as a buyer, and as a stranger."""
    brand, markers, url = planting.brand, planting.markers, planting.url
    operator = make_operator(brand)
    browser = OperatorBrowser(HttpBrowser(url))  # type: ignore[arg-type]
    for changed in (
        {"password": markers.secret("the password of a sign-in")},
        {"code": markers.secret("a code")},
    ):
        browser.sign_in(operator, **changed)
    assert browser.sign_in(operator).status_code == 303
    home = f"/dashboard/{brand.slug}"
    number = planting.paid[0][0]
    # What ends the session or removes what other pages show comes last, or never.
    avoid = r"/sign-out|/end-others|/sessions/|/erase|/merge|/export|/catalog/(?!mystique|shirt|-/new)"
    robot = Robot(browser.client, (home, "/dashboard/-/"), _fillings(planting.markers), avoid)  # type: ignore[arg-type]
    robot.run(
        f"{home}/orders/{number}",
        home,
        f"{home}/set-up",
        f"{home}/catalog/mystique/edit",
        "/dashboard/-/account",
    )
    planting.statuses += robot.statuses
    roots = (
        f"/checkout/{brand.slug}",
        f"/withdrawal/{brand.slug}",
        f"/retractation/{brand.slug}",
        "/my/",
    )
    robot = Robot(HttpBrowser(url), roots, _fillings(planting.markers))
    robot.run(
        *(f"/checkout/{brand.slug}/{product}" for product in ("mystique", "simple", "cap")),
        *roots[1:3],
        path_of(brand, planting.buyer),
    )
    planting.statuses += robot.statuses


def _fillings(markers: Markers) -> tuple[Any, ...]:
    def fill(kind: str) -> Any:
        def value(door: str, type_: str, given: str) -> str | tuple[str, bytes]:
            marker: str = getattr(markers, kind)(door)
            match type_:
                case (
                    "hidden"
                    | "checkbox"
                    | "radio"
                    | "option"
                    | "submit"
                    | "number"
                    | "date"
                    | "button"
                    | "color"
                ):
                    return given
                case "password":
                    return markers.secret(door)
                case "file":
                    return (f"{marker}.pdf", PDF)
                case "email":
                    return f"{marker}@example.com"
            return f"{given} {marker}" if given and " " in given else marker

        return value

    return fill("name"), fill("card")
