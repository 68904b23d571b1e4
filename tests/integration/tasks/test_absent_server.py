"""One server of a cluster does not respond: its tenants wait, the others are served.

Functions raise what Citus raises then: the session is sound, the transaction is over.
"""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from config.settings import Settings
from lumira.clock import utc_now
from lumira.models import MessageStatus, OutboxMessage
from lumira.notifications import relay
from lumira.repositories.installation import due_work
from lumira.tasks import job_queue
from tests.support.factories import Brand, count
from tests.support.own_database import app, settings
from tests.support.refunds import pay

__all__ = ["app", "settings"]
pytestmark = pytest.mark.usefixtures("app_context")

_BREAK = """
    CREATE FUNCTION absent() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'connection to the remote node db-2:5432 failed' USING ERRCODE = 'connection_failure';
    END $$;
    CREATE OR REPLACE FUNCTION lumira_tenants_with_due_messages(at timestamptz) RETURNS SETOF integer
        LANGUAGE sql STABLE AS $$ SELECT 1 WHERE absent() $$;
    CREATE OR REPLACE FUNCTION lumira_tenants_with_due_refunds(now timestamptz) RETURNS SETOF integer
        LANGUAGE sql STABLE AS $$ SELECT 1 WHERE absent() $$;
    CREATE OR REPLACE FUNCTION lumira_set_tenant(tenant integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        PERFORM absent() WHERE tenant = %d;
        RETURN set_config('lumira.tenant_id', coalesce(tenant::text, ''), true);
    END $$;
"""


def test_the_tenants_of_the_other_servers_are_served(
    make_brand: Callable[..., Brand], client: FlaskClient, settings: Settings
) -> None:
    absent, other = make_brand(), make_brand()
    for brand in (absent, other):
        pay(brand)
    engine = create_engine(settings.database_owner_url)
    with engine.begin() as owner:
        owner.execute(text(_BREAK % absent.id))
    engine.dispose()

    # Which tenants have due work is unknown, so each is tried, alone.
    due = due_work.tenants_with_due_messages(utc_now())
    assert due.index(absent.id) < due.index(other.id)
    job_queue.for_each(due, relay.relay)
    assert count(other, OutboxMessage, status=MessageStatus.SENT) == 1

    assert client.get("/api/products", headers=absent.publishable).status_code == 503
    # Taken out of service, the installation would serve nobody.
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json is not None
    assert "database_servers" in ready.json["warnings"]
    assert ready.json["missing"] == []
