"""Connects a brand to the sandbox's Dolibarr, and checks that the dashboard leads from an order to its invoice."""

import re
import time

import requests

from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.history.story import FIRST_BUYER
from lumira.cli.demo.installation import Installation
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.crm.findings import has_fault
from lumira.domain.crm.settings import CrmSettings
from lumira.domain.crm.texts import text_of
from lumira.models import Language
from lumira.repositories.customers import customers
from lumira.repositories.orders import orders
from lumira.services.crm.change_connection import set_connection, switch_on
from lumira.services.crm.check_connection import check_connection
from lumira.services.crm.retry_tasks import sync_order_again
from lumira.services.crm.set_up import set_up_crm
from lumira.services.crm.view_connection import view_connection

_ACTOR = "demo"
_TIMEOUT = 60
#: Seconds within which the newest order is written: a worker looks once a minute.
_WRITTEN_WITHIN = 120.0


def dolibarr_url(installation: Installation, slug: str) -> str:
    """Return where the sandbox shows the brand's Dolibarr."""
    return f"{installation.sandbox_url}/dolibarr/{slug}"


def connect_dolibarr(installation: Installation, http: requests.Session, slug: str) -> None:
    """Connect the brand as a shopkeeper does: set, set up, check, switch on. Needs the application's context."""
    tenant_id = tenant_id_of(slug)
    url = dolibarr_url(installation, slug)
    stored = view_connection(tenant_id)
    if stored.switched_on_at is not None and stored.settings is not None and stored.settings.url == url:
        return
    settings = CrmSettings(url, takes_test_sales=True)
    set_connection(tenant_id, settings, api_key=f"sync-{slug}", actor=_ACTOR)
    set_up_crm(tenant_id, admin_key=f"admin-{slug}", actor=_ACTOR)
    findings = check_connection(tenant_id)
    if has_fault(findings):
        texts = [
            text_of(each.code, Language.ENGLISH, {**each.values, "slug": slug}).message for each in findings
        ]
        raise DemoFailed(f"The sandbox's Dolibarr lacks something: {' '.join(texts)}")
    switch_on(tenant_id, actor=_ACTOR)
    _create_twice(http, url, f"admin-{slug}", FIRST_BUYER)
    _write_sales_of(tenant_id, FIRST_BUYER)


def _create_twice(http: requests.Session, url: str, key: str, email: str) -> None:
    """Let staff have entered a customer twice, so that the page “Differences” asks which one it is."""
    for name, town in (("Acheteur 1", "Lyon"), ("ACHETEUR 1 (ancien)", "Villeurbanne")):
        http.post(
            f"{url}/api/index.php/thirdparties",
            json={"name": name, "town": town, "email": email, "client": "1"},
            headers={"DOLAPIKEY": key},
            timeout=_TIMEOUT,
        ).raise_for_status()


def _write_sales_of(tenant_id: int, email: str) -> None:
    with atomic(tenant_id):
        customer = customers.find_by_email(tenant_id, email)
        order_ids = [] if customer is None else orders.ids_of_customer(tenant_id, customer.id)
    if not order_ids:
        raise DemoFailed(f"{email} has no order: delete the folder of the demo, and start it again.")
    for order_id in order_ids:
        sync_order_again(tenant_id, order_id, actor=_ACTOR)


def verify_invoice(installation: Installation, http: requests.Session, slug: str) -> None:
    """Open the newest order in the dashboard, and its invoice in Dolibarr; `DemoFailed` if there is none in time."""
    listed = http.get(f"{installation.url}/dashboard/{slug}/orders", timeout=_TIMEOUT).text
    order = re.search(rf'href="(/dashboard/{re.escape(slug)}/orders/[A-Z0-9-]+)"', listed)
    if order is None:
        raise DemoFailed(f"The dashboard shows no order of {slug}.")
    invoice = re.compile(
        rf'href="({re.escape(dolibarr_url(installation, slug))}/compta/facture/card\.php\?id=\d+)"'
    )
    deadline = time.monotonic() + _WRITTEN_WITHIN
    while (found := invoice.search(http.get(installation.url + order[1], timeout=_TIMEOUT).text)) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"The order {order[1]} has no invoice in Dolibarr after {_WRITTEN_WITHIN:.0f} seconds."
            )
        time.sleep(1)
    if not http.get(found[1], timeout=_TIMEOUT).ok:
        raise DemoFailed(f"Dolibarr does not show the invoice at {found[1]}.")
