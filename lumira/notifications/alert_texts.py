"""What each kind of alert means and what to do about it, for the e-mails to the team."""

from lumira.models import AlertKind, Language
from lumira.notifications.alert_text import AlertText, Translations
from lumira.notifications.order_alert_texts import ORDER_TEXTS
from lumira.notifications.system_alert_texts import SYSTEM_TEXTS

TEXTS: dict[AlertKind, Translations] = ORDER_TEXTS | SYSTEM_TEXTS


def text_for(kind: AlertKind, language: Language) -> AlertText:
    """Return the explanation of a kind; its bare name for a kind that is never sent by e-mail."""
    translations = TEXTS.get(kind)
    return translations[language] if translations else AlertText(kind, kind, "")
