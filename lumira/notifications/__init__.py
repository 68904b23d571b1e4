"""What leaves the house after the fact: sent outside any transaction, then marked done."""

from config.settings import Settings
from lumira.notifications import delivery


def configure(settings: Settings) -> None:
    """Where messages go in this installation."""
    delivery.configure(settings)
