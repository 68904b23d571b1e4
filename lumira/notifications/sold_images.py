"""Images of what was sold, as parts of a message: a message loads nothing from a server."""

from dataclasses import dataclass, field
from uuid import UUID

from lumira.domain.product_images import as_jpeg
from lumira.domain.shown_images import owner_of
from lumira.notifications.composers import MessageContext
from lumira.notifications.draft import InlineImage
from lumira.repositories.catalog import product_images

#: Images of one message: an order of many products would make it too large for some mailboxes.
_MOST = 8


@dataclass(slots=True)
class SoldImages:
    """The parts of a message, and which one each line of the order shows, by the line's id."""

    parts: list[InlineImage] = field(default_factory=list)
    ids: dict[UUID, str] = field(default_factory=dict)


def sold_images(context: MessageContext) -> SoldImages:
    """Return small images of the order's products as they are now; none for an order of products without images."""
    owners = {
        line.id: owner for line in context.order.lines if (owner := owner_of(line.image_path)) is not None
    }
    shown = SoldImages()
    if not owners:
        return shown
    wanted = list(dict.fromkeys(owners.values()))[:_MOST]
    contents = product_images.smallest_contents(context.tenant.id, wanted)
    ids = {owner: f"{owner}@{context.tenant.slug}.images" for owner in wanted if owner in contents}
    shown.parts = [InlineImage(ids[owner], as_jpeg(contents[owner])) for owner in ids]
    shown.ids = {line_id: ids[owner] for line_id, owner in owners.items() if owner in ids}
    return shown
