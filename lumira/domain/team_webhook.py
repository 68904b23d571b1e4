"""What is posted to the webhook of a tenant's team, in the shape of Slack and Mattermost or as plain JSON."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lumira.models import TeamWebhookFormat

_LONGEST = 2000
_HTTPS, _LAST_RESERVED = 443, 1023
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class TeamNotice:
    """One alert for a team; `state` is `raised`, `resolved` or `test`."""

    kind: str
    state: str
    tenant: str
    subject: str
    title: str
    message: str
    remedy: str
    link: str | None


def host_of(url: str, *, is_development: bool) -> str | None:
    """Return the host of a URL that a webhook may have; `None` if it may not.

    Over HTTPS only, because the path is a credential; with a host name, no user and no fragment. The ports below 1024
    are those of other services, such as mail.
    """
    if len(url) > _LONGEST or not _PRINTABLE.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    schemes = ("https", "http") if is_development else ("https",)
    if parts.scheme not in schemes or not host or "@" in parts.netloc or parts.fragment:
        return None
    return host if port in (None, _HTTPS) or port > _LAST_RESERVED else None


def body_of(notice: TeamNotice, shape: TeamWebhookFormat) -> dict[str, str | None]:
    """Return the JSON that is posted."""
    if shape is TeamWebhookFormat.TEXT:
        return {"text": _text(notice)}
    return {
        "kind": notice.kind,
        "state": notice.state,
        "tenant": notice.tenant,
        "subject": notice.subject,
        "title": notice.title,
        "message": notice.message,
        "remedy": notice.remedy or None,
        "link": notice.link,
    }


def _text(notice: TeamNotice) -> str:
    lines = [f"{notice.tenant} · {notice.title} ({notice.subject})", notice.message, notice.remedy]
    text = "\n".join(_escaped(line) for line in lines if line)
    return text if notice.link is None else f"{text}\n{notice.link}"


def _escaped(text: str) -> str:
    """Return text that Slack shows as it is: `<!channel>` would notify everyone, and Mattermost reads `@channel`."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("@", "@\u200b")
