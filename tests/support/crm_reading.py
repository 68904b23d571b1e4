"""A brand with a Dolibarr: linked customers, what staff change, and what is read of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from threading import Thread
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

from lumira.clients import dolibarr
from lumira.clients.dolibarr import ThirdPartyFields
from lumira.clock import utc_now
from lumira.crm.read_changes import read_changes
from lumira.database import atomic, db
from lumira.domain.crm.contact import from_dolibarr, to_dolibarr, values_of
from lumira.models import (
    ContactField,
    CrmConflict,
    CrmConnection,
    CrmElement,
    CrmInbox,
    CrmLink,
    CrmNotification,
    Customer,
    Tenant,
)
from lumira.repositories.crm import crm_connections, crm_inboxes, crm_linked_records
from lumira.repositories.customers import customers
from lumira.services.crm.notification_secret import view_notification_url
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand


@dataclass(frozen=True, slots=True)
class Linked:
    """A customer, and its third party."""

    customer_id: UUID
    dolibarr_id: int


@dataclass(frozen=True, slots=True)
class CrmBrand:
    """A brand whose Dolibarr is switched on."""

    brand: Brand
    dolibarr: DolibarrSandbox

    @property
    def path(self) -> str:
        """The path that Dolibarr posts to."""
        url = view_notification_url(self.brand.id)
        assert url is not None
        return url[url.index("/api/") :]

    def link(self, email: str = "ada@example.com", name: str = "Ada Lovelace", **values: str) -> Linked:
        """Create a customer and its third party, which agree."""
        with atomic(self.brand.id):
            customer = customers.find_or_create(self.brand.id, email=email, name=name)
            for column, value in values.items():
                setattr(customer, column, value)
            customer_id = customer.id
            fields = to_dolibarr(values_of(customer))
        dolibarr_id = dolibarr.create_third_party(
            self.dolibarr.account, ThirdPartyFields(**fields), lumira_id=str(customer_id)
        )
        found = dolibarr.find_third_party(self.dolibarr.account, dolibarr_id)
        assert found is not None
        with atomic(self.brand.id):
            link = CrmLink(
                tenant_id=self.brand.id,
                element=CrmElement.THIRD_PARTY,
                subject=str(customer_id),
                customer_id=customer_id,
                dolibarr_id=dolibarr_id,
            )
            db.session.add(link)
            crm_linked_records.agree(link, from_dolibarr(asdict(found.fields)))
        return Linked(customer_id, dolibarr_id)

    def customer(self, linked: Linked) -> Customer:
        with atomic(self.brand.id):
            return db.session.get_one(Customer, (self.brand.id, linked.customer_id))

    def change_ours(self, linked: Linked, **values: str | None) -> None:
        """Change the customer here."""
        with atomic(self.brand.id):
            customer = customers.lock(self.brand.id, linked.customer_id)
            for name, value in values.items():
                setattr(customer, name, value)

    def change_theirs(self, linked: Linked, **values: str) -> None:
        """Change the third party as staff do."""
        self.dolibarr.staff("PUT", f"/thirdparties/{linked.dolibarr_id}", **values)

    def links(self) -> list[CrmLink]:
        """The links that have not ended."""
        with atomic(self.brand.id):
            return list(db.session.execute(select(CrmLink).where(CrmLink.unlinked_at.is_(None))).scalars())

    def conflicts(self) -> dict[ContactField, CrmConflict]:
        with atomic(self.brand.id):
            return {found.field: found for found in db.session.execute(select(CrmConflict)).scalars()}

    def pending(self) -> int:
        """How many records are to be read."""
        with atomic(self.brand.id):
            return db.session.execute(select(func.count()).select_from(CrmNotification)).scalar_one()

    def read(self) -> bool:
        """Read what waits, some seconds later."""
        with atomic(self.brand.id):
            db.session.execute(update(CrmNotification).values(next_attempt_at=utc_now()))
        return read_changes(self.brand.id)

    def poll(self) -> None:
        """Poll as five minutes later, and read what the poll found."""
        self._set(next_poll_at=utc_now())
        read_changes(self.brand.id)
        self.read()

    def sweep(self) -> None:
        """Look for what is gone as in the night, and read it."""
        self._set(next_sweep_at=utc_now())
        read_changes(self.brand.id)
        self.read()

    def rest(self) -> None:
        """Let neither poll nor sweep be due, so that only notifications are read."""
        later = utc_now() + timedelta(hours=1)
        self._set(next_poll_at=later, next_sweep_at=later)

    def _set(self, **values: object) -> None:
        with atomic(self.brand.id):
            db.session.execute(update(CrmInbox).values(**values))


def connect(brand: Brand, server: DolibarrSandbox) -> CrmBrand:
    """Connect a brand to its Dolibarr, and switch the exchange on."""
    with atomic(brand.id):
        connection = CrmConnection(tenant_id=brand.id, url=server.url, currency="eur")
        crm_connections.set_api_key(connection, server.key)
        db.session.add(connection)
        db.session.get_one(Tenant, brand.id).crm_switched_on_at = utc_now()
        crm_inboxes.ensure(brand.id)
    connected = CrmBrand(brand, server)
    connected.rest()
    return connected


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the application in a thread of its own; yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
