"""What surrounds every page of the dashboard: the operator, the shop, and the messages about the last action."""

from dataclasses import dataclass
from enum import StrEnum

from lumira.domain.operators import Role, permits
from lumira.models import Language


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant at which the operator has a role."""

    tenant_id: int
    slug: str
    name: str
    time_zone: str
    currency: str
    role: Role
    #: Whether nothing of it can be changed, because it is moved to another installation.
    is_frozen: bool = False

    @property
    def path(self) -> str:
        """The path of its overview."""
        return f"/dashboard/{self.slug}"

    @property
    def home(self) -> str:
        """The path of the first page that the operator sees: the overview, or an expert's work."""
        return f"{self.path}/deliverables" if self.role is Role.EXPERT else self.path

    def permits(self, needed: Role) -> bool:
        """Whether the operator's role includes this one."""
        return permits(self.role, needed)


@dataclass(frozen=True, slots=True)
class Message:
    """A message about the last action; `is_failure` if it was not taken."""

    key: str
    values: dict[str, str]
    is_failure: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The context of a page, besides what the page itself shows."""

    language: Language
    #: The path of the page, with its query.
    here: str
    csrf_token: str
    #: The address of the operator; `None` on a page that is open to everyone.
    email: str | None = None
    #: The shop of the page; `None` on a page of no shop.
    shop: Shop | None = None
    shops: tuple[Shop, ...] = ()
    messages: tuple[Message, ...] = ()
    #: Whether a worker of the installation runs; if not, each page of a shop says so.
    has_worker: bool = True


class Group(StrEnum):
    """Pages that the navigation shows behind one name, in this order after the everyday pages."""

    #: What waits for a decision.
    TO_DO = "to_do"
    #: The money, as the bank account and the accountant see it.
    ACCOUNTING = "accounting"
    #: What leaves Lumira and what arrives, and whether it works.
    SYSTEM = "system"
    #: What an owner sets once.
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation of a shop: its name among the texts, its path below the shop's, and who may open it."""

    name: str
    path: str
    may: Role
    #: `None` for a page that is used every day: it is always visible, and there is room for few of them.
    group: Group | None = None
    is_for_experts: bool = False

    def is_open(self, shop: Shop) -> bool:
        """Whether the operator may open the page."""
        return shop.permits(self.may) or (self.is_for_experts and shop.role is Role.EXPERT)

    def is_at(self, shop: Shop, here: str) -> bool:
        """Whether the page, or a page below it, is the one at this path."""
        path = here.partition("?")[0].rstrip("/")
        target = f"{shop.path}{self.path}"
        return path == target or (bool(self.path) and path.startswith(f"{target}/"))


#: The pages in the order of the navigation; those of a group in the order within it.
NAVIGATION = (
    Entry("overview", "", Role.VIEWER),
    Entry("orders", "/orders", Role.VIEWER),
    Entry("customers", "/customers", Role.VIEWER),
    Entry("catalog", "/catalog", Role.VIEWER),
    Entry("deliverables", "/deliverables", Role.VIEWER, is_for_experts=True),
    Entry("shipments", "/shipments", Role.VIEWER, Group.TO_DO),
    Entry("alerts", "/alerts", Role.VIEWER, Group.TO_DO),
    Entry("disputes", "/disputes", Role.VIEWER, Group.TO_DO),
    Entry("withdrawals", "/withdrawals", Role.VIEWER, Group.TO_DO),
    Entry("differences", "/differences", Role.VIEWER, Group.TO_DO),
    Entry("payouts", "/payouts", Role.VIEWER, Group.ACCOUNTING),
    Entry("accounting", "/accounting", Role.VIEWER, Group.ACCOUNTING),
    Entry("messages", "/messages", Role.VIEWER, Group.SYSTEM),
    Entry("webhooks", "/webhooks", Role.VIEWER, Group.SYSTEM),
    Entry("board", "/board", Role.VIEWER, Group.SYSTEM),
    Entry("audit", "/audit", Role.OWNER, Group.SYSTEM),
    Entry("program_errors", "/errors", Role.OWNER, Group.SYSTEM),
    Entry("installation", "/set-up", Role.OWNER, Group.SYSTEM),
    Entry("promotions", "/promotions", Role.OWNER, Group.SHOP),
    Entry("settings", "/settings", Role.OWNER, Group.SHOP),
    Entry("keys", "/keys", Role.OWNER, Group.SHOP),
    Entry("team", "/team", Role.OWNER, Group.SHOP),
)


def navigation_for(shop: Shop) -> dict[Group | None, list[Entry]]:
    """Return the pages that the operator may open by their group: `None` first, and no group without a page."""
    groups: tuple[Group | None, ...] = (None, *Group)
    pages = {
        group: [each for each in NAVIGATION if each.group is group and each.is_open(shop)] for group in groups
    }
    return {group: entries for group, entries in pages.items() if entries}
