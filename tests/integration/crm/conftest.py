"""A tenant whose sales are written to a Dolibarr of its own."""

import pytest

from tests.support import crm
from tests.support.crm_reading import CrmBrand, connect
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand


@pytest.fixture
def shop(app_context: None, tenant: Brand, dolibarr_server: DolibarrSandbox) -> Brand:
    """A tenant whose sales are written to Dolibarr."""
    crm.connect(tenant, dolibarr_server)
    return tenant


@pytest.fixture(name="crm")
def connected(app_context, tenant, dolibarr_server) -> CrmBrand:
    """A tenant from whose Dolibarr changes come back."""
    return connect(tenant, dolibarr_server)
