"""Which pages are shown in docs/images."""

from dataclasses import dataclass

from tests.browser.windows import DESKTOP, PHONE, Window


@dataclass(frozen=True)
class Shot:
    """One picture: the name of its file, the window, and the path of the page.

    `{portal}` is a buyer's link, and `{order}` the number of an order of Oracle Lumira. A page of the dashboard is
    shown to the demo's operator.
    """

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
    Shot("dashboard-desktop", DESKTOP, "/dashboard/oracle-lumira"),
    Shot("dashboard-phone", PHONE, "/dashboard/oracle-lumira"),
    Shot("order-desktop", DESKTOP, "/dashboard/oracle-lumira/orders/{order}"),
    Shot("portal-desktop", DESKTOP, "{portal}"),
    Shot("portal-phone", PHONE, "{portal}"),
)
