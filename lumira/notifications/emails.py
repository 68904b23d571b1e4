"""The form that all messages share."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from lumira.models import Language, Tenant
from lumira.notifications import delivery, texts
from lumira.notifications.addresses import Undeliverable, mailbox, named
from lumira.notifications.attachments import Attachment
from lumira.notifications.composers import Occasion


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a message will say, of rows that are loaded: it is written without a transaction."""

    tenant: Tenant
    kind: str
    language: Language
    to: Address
    #: Of its row: sent again after a crash, it is the same message.
    identity: str
    at: datetime
    facts: dict[str, object]


def to_buyer(occasion: Occasion, **facts: object) -> Draft:
    """The message to whoever bought; `facts` are what its templates tell beside the order.

    The buyer's name is in none of them: whoever opens a payment in somebody's e-mail may put any words there.
    """
    if occasion.order.customer_email is None:
        raise ValueError("A message to a buyer without an address is never owed.")
    return Draft(
        tenant=occasion.tenant,
        kind=str(occasion.message.kind),
        language=occasion.language,
        to=mailbox(occasion.order.customer_email),
        identity=str(occasion.message.id),
        at=occasion.message.created_at,
        facts={"order": occasion.order, **facts},
    )


def team_mailbox(tenant: Tenant) -> Address:
    """Who of the team is told; where nobody is named, whoever reads the mail of the sending address."""
    if tenant.alert_email is None:
        return Address(addr_spec=delivery.sender_address())
    return mailbox(tenant.alert_email)


def write(draft: Draft, attachment: Attachment | None = None) -> EmailMessage:
    """The message as it leaves; templates say `receipt` only where it is attached."""
    facts = draft.facts | {"receipt": attachment.label if attachment else None}
    text = texts.render(draft.kind, draft.language, draft.tenant, facts)
    house = delivery.sender_address()
    # Addresses beyond ASCII cannot be written in any other way than as they are (RFC 6532).
    letter = EmailMessage(policy.SMTP if draft.to.addr_spec.isascii() else policy.SMTPUTF8)
    letter["From"] = named(house, draft.tenant.name)
    letter["To"] = draft.to
    # Words that look encoded would be decoded where the header is written, line breaks included.
    letter["Subject"] = text.subject.replace("=?", "= ?")
    letter["Date"] = format_datetime(draft.at)
    letter["Message-ID"] = f"<{draft.identity}@{house.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    # Lines of any length and any letter, also through a server that passes on seven bits only.
    letter.set_content(text.plain, cte="quoted-printable")
    letter.add_alternative(text.html, subtype="html", cte="quoted-printable")
    if attachment is not None:
        letter.add_attachment(
            attachment.content, maintype="application", subtype="pdf", filename=attachment.file_name
        )
    # Last, because what is added takes such headers of the whole with it.
    letter["Content-Language"] = str(draft.language)
    _check_arrives(letter, draft)
    return letter


def _check_arrives(letter: EmailMessage, draft: Draft) -> None:
    """Read the letter as its recipient will; `Undeliverable` if any words in it became headers, or another address."""
    read = message_from_bytes(letter.as_bytes(), policy=letter.policy)
    # What is beyond ASCII is read byte by byte.
    to = [address.addr_spec.encode(errors="surrogateescape").decode() for address in read["To"].addresses]
    if read.keys() != letter.keys() or to != [draft.to.addr_spec] or len(read["From"].addresses) != 1:
        raise Undeliverable(
            "The message would not arrive as it was written: something in its headers breaks it."
        )
