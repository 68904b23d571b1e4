"""What buyers are told, French first, English by their locale."""

from email.message import EmailMessage

from lumira.effects import letters
from lumira.effects.registry import composes
from lumira.models import MessageKind, Order, OutboxMessage, Tenant
from lumira.money import format_amount
from lumira.services import outbox


@composes(MessageKind.ORDER_CONFIRMATION)
def order_confirmation(tenant: Tenant, order: Order, message: OutboxMessage) -> EmailMessage | None:
    """What was bought and under which number; not said any more once the money is back."""
    if not outbox.is_true(order, message.kind, message.subject):
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
    if not outbox.is_true(order, message.kind, message.subject):
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


@composes(MessageKind.ORDER_REFUNDED)
def order_refunded(tenant: Tenant, order: Order, message: OutboxMessage) -> EmailMessage | None:
    """That money is on its way back; not said if that refund failed meanwhile."""
    refund = next((known for known in order.refunds if known.stripe_refund_id == message.subject), None)
    if refund is None or not outbox.is_true(order, message.kind, message.subject):
        return None
    return _letter(
        tenant,
        order,
        message,
        subject=f"Remboursement de votre commande {order.order_number}",
        text=(
            f"Bonjour,\n\nNous vous avons remboursé {format_amount(refund.amount, refund.currency)} pour votre "
            f"commande {order.order_number} ({order.product_name}).\n\n"
            f"--\n{tenant.name}\n"
        ),
    )


def _letter(tenant: Tenant, order: Order, message: OutboxMessage, *, subject: str, text: str) -> EmailMessage:
    if order.customer_email is None:
        raise ValueError("A message to a buyer without an address is never owed.")
    return letters.compose(tenant, message, to=order.customer_email, subject=subject, text=text)
