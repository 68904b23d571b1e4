"""The periodic job that writes to the CRMs of all tenants."""

import time
from collections.abc import Callable

import pytest
from flask import Flask

from lumira.tasks import queue
from tests.support import crm, own_database
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order
from tests.support.refunds import pay

# The job works for every tenant of its database.
settings, app = own_database.settings, own_database.app


@pytest.mark.usefixtures("app_context")
def test_a_crm_that_hangs_delays_no_record_of_another_shop(
    app: Flask, shop: Brand, make_brand: Callable[..., Brand], dolibarr_server: DolibarrSandbox
) -> None:
    other, slow = make_brand(), DolibarrSandbox(shop.sandbox_url)
    crm.connect(other, slow)
    slow.configure(latency_ms=20_000)
    pay(other)
    number = pay(shop).order_number
    began = time.monotonic()
    queue.sync_crms(timestamp=0)

    assert time.monotonic() - began < queue.SWEEP_EVERY + 5
    crm.assert_written_once(shop, dolibarr_server, load_order(shop, number))
    assert len(crm.pending(other)) == 3
    slow.heal()
