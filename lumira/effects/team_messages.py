"""What the team is told."""

from email.message import EmailMessage

from lumira.effects import letters
from lumira.effects.registry import composes
from lumira.models import MessageKind, Order, OutboxMessage, Tenant
from lumira.money import format_amount
from lumira.services import outbox


@composes(MessageKind.DISPUTE_ALERT)
def dispute_alert(tenant: Tenant, order: Order, message: OutboxMessage) -> EmailMessage | None:
    """That a bank asks about a payment or disputes it, and until when it can be answered.

    A question is not told any more once it has become a dispute: of that there is a message of its own.
    """
    dispute_id = message.subject.removeprefix(outbox.INQUIRY)
    is_question = message.subject != dispute_id
    dispute = next((known for known in order.disputes if known.stripe_dispute_id == dispute_id), None)
    if dispute is None or not outbox.is_true(order, message.kind, message.subject):
        return None
    what = "Demande d'information" if is_question else "Litige"
    due = f"{dispute.due_at:%d/%m/%Y %H:%M} UTC" if dispute.due_at else "non précisée"
    return letters.compose(
        tenant,
        message,
        to=tenant.alert_email or letters.house_address(),
        subject=f"{what} sur la commande {order.order_number}",
        text=(
            f"{what} : {dispute.stripe_dispute_id}\nCommande : {order.order_number}\n"
            f"Montant : {format_amount(dispute.amount, dispute.currency)}\n"
            f"Motif : {dispute.reason or 'non précisé'}\nÉtat : {dispute.status}\n"
            f"Date limite de réponse : {due}\n"
        ),
    )
