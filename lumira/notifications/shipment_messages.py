"""Composer of the message about a parcel that was sent."""

from lumira.domain import messages
from lumira.domain.goods.carriers import name_of
from lumira.models import Fulfilment, MessageKind, Order, Shipment
from lumira.notifications import emails, links
from lumira.notifications.composers import MessageContext, composes
from lumira.notifications.draft import Draft

_TIMES = "\N{MULTIPLICATION SIGN}"


@composes(MessageKind.ORDER_SHIPPED)
def order_shipped(context: MessageContext) -> Draft | None:
    """Compose the message about one parcel; superseded if the shipment was cancelled meanwhile."""
    order, message = context.order, context.message
    shipment = next((each for each in order.shipments if str(each.id) == message.subject), None)
    if shipment is None or not messages.is_current(order, message.kind, message.subject):
        return None
    return emails.draft_for_buyer(
        context,
        shipment=shipment,
        carrier=name_of(shipment.carrier),
        items=_items(order, shipment),
        # An operator may have corrected it since the order was confirmed.
        sent_to=emails.sent_to(context),
        is_partial=order.fulfilment is Fulfilment.PARTIALLY_SHIPPED,
        access_url=links.access_url(context),
    )


def _items(order: Order, shipment: Shipment) -> list[str]:
    """What the parcel contains, each with its number of units."""
    names = {line.product_id: line.product_name for line in order.lines}
    return [
        f"{line.quantity} {_TIMES} {names[line.product_id]}" if line.quantity > 1 else names[line.product_id]
        for line in shipment.lines
    ]
