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
    #: The button that is pressed first.
    press: str | None = None


#: Another page is one more line.
SHOTS = (
    Shot("shop-desktop", DESKTOP, "/checkout/boutique"),
    Shot("shop-phone", PHONE, "/checkout/boutique"),
    Shot("checkout-desktop", DESKTOP, "/checkout/oracle-lumira/mystique"),
    Shot("checkout-phone", PHONE, "/checkout/oracle-lumira/mystique"),
    Shot("cart-phone", PHONE, "/checkout/boutique?items=bougie-figuier:1,savon-lavande:2"),
    Shot("dashboard-desktop", DESKTOP, "/dashboard/oracle-lumira"),
    Shot("dashboard-phone", PHONE, "/dashboard/oracle-lumira"),
    Shot("orders-desktop", DESKTOP, "/dashboard/oracle-lumira/orders"),
    Shot("orders-phone", PHONE, "/dashboard/oracle-lumira/orders"),
    Shot("order-desktop", DESKTOP, "/dashboard/oracle-lumira/orders/{order}"),
    Shot("order-phone", PHONE, "/dashboard/oracle-lumira/orders/{order}"),
    Shot("deliverables-desktop", DESKTOP, "/dashboard/oracle-lumira/deliverables"),
    Shot("deliverables-phone", PHONE, "/dashboard/oracle-lumira/deliverables"),
    Shot("withdrawals-desktop", DESKTOP, "/dashboard/oracle-lumira/withdrawals"),
    Shot("messages-desktop", DESKTOP, "/dashboard/oracle-lumira/messages"),
    Shot("health-desktop", DESKTOP, "/dashboard/oracle-lumira/webhooks/health"),
    Shot("catalog-desktop", DESKTOP, "/dashboard/boutique/catalog"),
    Shot("settings-desktop", DESKTOP, "/dashboard/oracle-lumira/settings"),
    Shot("set-up-desktop", DESKTOP, "/dashboard/oracle-lumira/set-up", press="main form button[type=submit]"),
    Shot("portal-desktop", DESKTOP, "{portal}"),
    Shot("portal-phone", PHONE, "{portal}"),
)
