"""The withdrawal pages, as a buyer uses them: with a portal link, or by order number and e-mail address."""

import email
import email.policy
import re
from html import unescape

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from config.settings import Settings
from lumira.database import atomic, db
from lumira.models import MessageKind, OutboxMessage
from lumira.notifications import relay
from tests.support.factories import BUYER, Brand
from tests.support.portal_pages import PUBLIC_URL, fields, path_of


def portal_path(brand: Brand, order_id: object) -> str:
    """The path of the second step, from the buyer's portal."""
    return f"{path_of(brand)}/orders/{order_id}/withdrawal"


def sent_fields(reply: TestResponse) -> dict[str, str]:
    """What a browser sends for the page's form, with nothing changed in it."""
    chosen = re.findall(r'name="(units-[^"]+)" type="(?:checkbox|number)"[^>]*? value="([^"]*)"', reply.text)
    return fields(reply) | dict(chosen)


def confirm(client: FlaskClient, path: str, **changed: str) -> TestResponse:
    """Open the second step and confirm it."""
    return client.post(path, data=sent_fields(client.get(path)) | changed)


def request_by_number(
    client: FlaskClient, brand: Brand, number: str, address: str = BUYER, page: str = "/retractation"
) -> TestResponse:
    """Fill in the first step and send it."""
    path = f"{page}/{brand.slug}"
    sent = fields(client.get(path)) | {"number": number, "email": address}
    return client.post(path, data=sent)


def mails(brand: Brand, settings: Settings, kind: MessageKind) -> list[str]:
    """The plain text of every sent message of this kind, oldest first."""
    relay.relay(brand.id)
    with atomic(brand.id):
        query = select(OutboxMessage.id).where(
            OutboxMessage.tenant_id == brand.id, OutboxMessage.kind == kind
        )
        ids = list(db.session.execute(query.order_by(OutboxMessage.id)).scalars())
    found = []
    for message_id in ids:
        path = settings.instance_path / "outbox" / f"{message_id}.eml"
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append(f"To: {mail['To']}\n{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}")
    return found


def linked_path(mail: str) -> str:
    """The path of the second step in a message."""
    [path] = re.findall(rf"{PUBLIC_URL}((?:/retractation|/withdrawal)/\S+)", mail)
    return unescape(path)
