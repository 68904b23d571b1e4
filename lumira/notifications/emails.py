"""E-mails: the drafts of messages, and the MIME message that is built from each."""

from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from lumira.domain.goods import addresses
from lumira.formats import is_no_reply
from lumira.models import Customer, Tenant, email_key
from lumira.notifications import delivery, texts
from lumira.notifications.addresses import Undeliverable, mailbox, sender_mailbox
from lumira.notifications.attachments import Attachment
from lumira.notifications.composers import MessageContext
from lumira.notifications.draft import Draft, InlineImage
from lumira.notifications.texts import Text


def draft_for_buyer(
    context: MessageContext, *, images: tuple[InlineImage, ...] = (), **values: object
) -> Draft:
    """Return a message to the buyer; `values` are the template's variables besides the order.

    It is sent to the customer's own address, also if another one was typed for the order: a merge may have shown
    that the typed one is a stranger's, and the message may link to everything that the customer bought.
    The buyer's name is never among the values: anyone can open a payment with another person's e-mail address and
    put any text in the name.
    """
    if context.customer is None or context.order.customer_email is None:
        raise ValueError("An order without an e-mail address has no messages to its buyer.")
    return Draft(
        tenant=context.tenant,
        kind=str(context.message.kind),
        language=context.language,
        to=mailbox(_own_address(context.customer, context.order.customer_email)),
        identity=context.message.identity,
        at=context.message.created_at,
        reply_to=support_address(context.tenant),
        values={"order": context.order, **values},
        images=images,
    )


def sent_to(context: MessageContext) -> list[str]:
    """Return the lines of the address that the order's goods are sent to; none until it is known."""
    address = addresses.read(context.order.shipping_address)
    if address is None or not address.is_whole:
        return []
    return addresses.lines_of(context.order.shipping_address, str(context.language))


def _own_address(customer: Customer, typed: str) -> str:
    """Return the customer's address, as it was typed for this order if that is the same mailbox."""
    return typed if email_key(typed) == customer.email_key else customer.email


def team_mailbox(tenant: Tenant) -> Address:
    """Return the team's address: the tenant's `alert_email`, else the sender's own.

    Raises `Undeliverable` if that is a no-reply address and e-mails are sent: an alert must not be lost there.
    """
    if tenant.alert_email is not None:
        return mailbox(tenant.alert_email)
    sender = delivery.sender_address()
    if is_no_reply(sender) and delivery.sends_emails():
        raise Undeliverable("The tenant has no alert_email, and the sender is a no-reply address.")
    return Address(addr_spec=sender)


def support_address(tenant: Tenant) -> str | None:
    """Return the address at which buyers reach the shop: `support_email`, else the seller's, else `None`."""
    return tenant.support_email or (tenant.seller or {}).get("email")


def render(draft: Draft, *, receipt: str | None) -> Text:
    """Render the text of a message; it mentions the receipt with this label if one is attached."""
    values = draft.values | {"receipt": receipt, "support_email": draft.reply_to}
    return texts.render(draft.kind, draft.language, draft.tenant, values)


def build(draft: Draft, attachment: Attachment | None = None) -> EmailMessage:
    """Build the MIME message; its text mentions a receipt only if one is attached.

    Raises `Undeliverable` if the message would be parsed differently by its recipient.
    """
    text = render(draft, receipt=attachment.label if attachment else None)
    sender = delivery.sender_address()
    # A non-ASCII address can only be written as it is (RFC 6532).
    email = EmailMessage(policy.SMTP if draft.to.addr_spec.isascii() else policy.SMTPUTF8)
    email["From"] = sender_mailbox(sender, draft.tenant.name)
    email["To"] = draft.to
    if draft.reply_to is not None:
        email["Reply-To"] = mailbox(draft.reply_to)
    # Python decodes encoded words when it writes a header, line breaks included.
    email["Subject"] = text.subject.replace("=?", "= ?")
    email["Date"] = format_datetime(draft.at)
    email["Message-ID"] = f"<{draft.identity}@{sender.rpartition('@')[2]}>"
    email["Auto-Submitted"] = "auto-generated"
    _check_round_trip(email, draft)
    # Quoted-printable carries lines of any length and any character through 7-bit servers.
    email.set_content(text.plain, cte="quoted-printable")
    email.add_alternative(text.html, subtype="html", cte="quoted-printable")
    _add_images(email, draft)
    if attachment is not None:
        email.add_attachment(
            attachment.content, maintype="application", subtype="pdf", filename=attachment.file_name
        )
    # Set last: adding a part moves the content headers of the whole message to the first part.
    email["Content-Language"] = str(draft.language)
    return email


def _add_images(email: EmailMessage, draft: Draft) -> None:
    """Add the images to the HTML part, which refers to them; the plain text is whole without them."""
    html = email.get_body(("html",))
    if html is None:
        return
    for image in draft.images:
        html.add_related(
            image.content,
            maintype="image",
            subtype="jpeg",
            cid=f"<{image.content_id}>",
            disposition="inline",
            filename=f"{image.content_id.partition('@')[0]}.jpg",
        )


def _check_round_trip(email: EmailMessage, draft: Draft) -> None:
    """Parse the headers as the recipient does. Raises `Undeliverable` if they or the addresses changed.

    Before the message has a body: what is added later is Lumira's own, and parsing a receipt takes long.
    """
    parsed = message_from_bytes(email.as_bytes(), policy=email.policy)
    # Non-ASCII addresses are parsed byte by byte.
    to = [address.addr_spec.encode(errors="surrogateescape").decode() for address in parsed["To"].addresses]
    if parsed.keys() != email.keys() or to != [draft.to.addr_spec] or len(parsed["From"].addresses) != 1:
        raise Undeliverable("The headers of the message would be parsed differently by its recipient.")
