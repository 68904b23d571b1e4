"""A process killed with SIGKILL before or after any write to Dolibarr leaves each record there once."""

import signal

import pytest
from flask import Flask

from config.settings import Settings
from tests.concurrency.step_process import Finished, run_step
from tests.support import crm, refunds
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order
from tests.support.refunds import deliver_events, pay

pytestmark = pytest.mark.usefixtures("app_context")

#: The third party; order, validated; invoice, validated, paid; order invoiced and closed; credit note, validated, paid.
WRITES = 11


@pytest.fixture
def sold(app: Flask, tenant: Brand, dolibarr_server: DolibarrSandbox) -> str:
    """The number of an order that is paid and partially refunded."""
    crm.connect(tenant, dolibarr_server)
    opened = pay(tenant)
    refunds.refund_in_dashboard(tenant, opened, amount=1700)
    deliver_events(tenant)
    return opened.order_number


def turn(settings: Settings, brand: Brand, kill_at: int | None = None, when: str | None = None) -> Finished:
    instructions = {
        "tenant_id": brand.id,
        "database_url": settings.database_url,
        "encryption_key": settings.encryption_keys[0],
        "instance_path": str(settings.instance_path),
        "sandbox_url": brand.sandbox_url,
        "kill_at": kill_at,
        "when": when,
    }
    return run_step("tests.concurrency.killed_crm", instructions)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kill_at", range(1, WRITES + 1))
def test_each_record_is_written_once_if_the_process_is_killed_at_any_write(
    settings: Settings, tenant: Brand, dolibarr_server: DolibarrSandbox, sold: str, kill_at: int, when: str
) -> None:
    finished = turn(settings, tenant, kill_at, when)
    assert finished.returncode == -signal.SIGKILL, finished.error

    crm.sync(tenant)
    crm.assert_written_once(tenant, dolibarr_server, load_order(tenant, sold), refunded=1700)
    assert len(dolibarr_server.third_parties()) == 1


def test_the_process_is_killed_at_every_write(
    settings: Settings, tenant: Brand, dolibarr_server: DolibarrSandbox, sold: str
) -> None:
    finished = turn(settings, tenant)

    assert finished.returncode == 0, finished.error
    assert finished.commits == WRITES
    crm.assert_written_once(tenant, dolibarr_server, load_order(tenant, sold), refunded=1700)
