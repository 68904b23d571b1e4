"""E-mails to buyers and to the team: composed in a transaction, sent outside of it, then marked as sent."""

from config.settings import Settings
from lumira.notifications import delivery


def configure(settings: Settings) -> None:
    """Set the mail server, or the folder that replaces it, for this process."""
    delivery.configure(settings)
