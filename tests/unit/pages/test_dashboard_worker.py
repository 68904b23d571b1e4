"""The worker has one name in French, on the dashboard as in the e-mails to the team."""

import re
from collections.abc import Iterator
from typing import Any

from lumira.models import Language
from lumira.notifications.alert_texts import TEXTS as ALERTS
from lumira.pages.dashboard.texts import TEXTS

#: The command, the unit and what the code calls it keep their names.
_OTHER_NAME = re.compile(r"(?<!flask )(?<![-_])\bworkers?\b(?![-_])|\b[Aa]ucun traitement (?!de fond)")


def _texts(page: Any) -> Iterator[str]:
    if isinstance(page, str):
        yield page
    elif isinstance(page, dict):
        for part in page.values():
            yield from _texts(part)


def test_french_texts_call_the_worker_traitement_de_fond() -> None:
    alerts = [texts[Language.FRENCH] for texts in ALERTS.values()]
    texts = [
        *_texts(TEXTS[Language.FRENCH]),
        *(f"{each.title} {each.meaning} {each.remedy}" for each in alerts),
    ]
    assert not [text for text in texts if _OTHER_NAME.search(text)]
