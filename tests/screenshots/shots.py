"""Which pages are shown in docs/images."""

from dataclasses import dataclass

from tests.browser.windows import DESKTOP, PHONE, Window


@dataclass(frozen=True)
class Shot:
    """One picture: the name of its file, the window, and the path of the page with names of `Places`."""

    name: str
    window: Window
    path: str


#: Another page is one more line.
SHOTS = (
    Shot("shop-desktop", DESKTOP, "/checkout/boutique"),
    Shot("shop-phone", PHONE, "/checkout/boutique"),
    Shot("checkout-desktop", DESKTOP, "/checkout/oracle-lumira/mystique"),
    Shot("checkout-phone", PHONE, "/checkout/oracle-lumira/mystique"),
    Shot("cart-phone", PHONE, "/checkout/boutique?items=bougie-figuier:1,savon-lavande:2"),
    Shot("portal-desktop", DESKTOP, "{portal}"),
    Shot("portal-phone", PHONE, "{portal}"),
)
