"""What buyers are told, French first, English by their locale."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr

from lumira.effects import delivery
from lumira.effects.registry import composes
from lumira.models import MessageKind, Order, OrderStatus, OutboxMessage, Tenant
from lumira.money import format_amount

_SERVED = (OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED)


@composes(MessageKind.ORDER_CONFIRMATION)
def order_confirmation(tenant: Tenant, order: Order, message: OutboxMessage) -> EmailMessage | None:
    """What was bought and under which number; not said any more once the money is back."""
    if order.status not in _SERVED:
        return None
    amount = format_amount(order.amount, order.currency)
    return _letter(
        tenant,
        order,
        message,
        subject=f"Votre commande {order.order_number} est confirmée",
        text=(
            f"Bonjour,\n\nMerci pour votre commande chez {tenant.name}.\n\n"
            f"Commande : {order.order_number}\nArticle : {order.product_name}\nTotal : {amount}\n\n"
            f"--\n{tenant.name}\n"
        ),
    )


@composes(MessageKind.PAYMENT_FAILED)
def payment_failed(tenant: Tenant, order: Order, message: OutboxMessage) -> EmailMessage | None:
    """That a try failed and another one is possible; not said if the order was paid meanwhile."""
    if order.status is not OrderStatus.FAILED:
        return None
    return _letter(
        tenant,
        order,
        message,
        subject=f"Le paiement de votre commande {order.order_number} n'a pas abouti",
        text=(
            f"Bonjour,\n\nLe paiement de votre commande {order.order_number} ({order.product_name}) n'a pas "
            "abouti. Rien n'a été débité ; vous pouvez réessayer avec un autre moyen de paiement.\n\n"
            f"--\n{tenant.name}\n"
        ),
    )


def _letter(tenant: Tenant, order: Order, message: OutboxMessage, *, subject: str, text: str) -> EmailMessage:
    """A message whose identity is that of its row: sent again after a crash, it is the same message."""
    _, address = parseaddr(delivery.sender())
    letter = EmailMessage()
    letter["From"] = formataddr((tenant.name, address))
    letter["To"] = order.customer_email
    letter["Subject"] = subject
    letter["Date"] = format_datetime(message.created_at)
    letter["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter
