"""Stripe's events of a shop: what was received, what became of it, and replays of one or many."""

from http import HTTPStatus

from flask import Response, abort, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, read_days, sent, sent_in_form
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.formats import parse_uuid
from lumira.pages.dashboard import event_page
from lumira.pages.dashboard.event_page import EventPage
from lumira.pages.dashboard.rendering import explain
from lumira.services.events.view_events import EventSearch, list_events, view_event
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers their types
from lumira.webhooks.registry import handled_types
from lumira.webhooks.replay_events import replay_event
from lumira.webhooks.replay_many import MOST_REPLAYED, REPLAYABLE, find_replayable, replay_many

#: The filters, which stay in the URL.
_FILTERS = ("q", "state", "type", "from", "to")


@dashboard.page("/webhooks", may=Role.VIEWER)
def show() -> Response:
    """One page of the events; the event itself if the text is its id at Stripe."""
    filters = {name: sent(name) for name in _FILTERS}
    search, has_invalid_day = _search(filters)
    found = list_events(visit.shop().tenant_id, search)
    if found.only is not None:
        return redirect_to(f"{_path()}/{found.only}")
    return page(
        "webhooks.html.jinja",
        HTTPStatus.BAD_REQUEST if has_invalid_day else HTTPStatus.OK,
        found=found,
        filters=filters,
        has_invalid_day=has_invalid_day,
        statuses=event_page.STATUSES,
        types=handled_types(),
        explain=lambda event: event_page.explain(event, language()),
        short_error=event_page.short_error,
        can_replay=search.status in REPLAYABLE and not search.text,
        path=_path(),
        pager=pager(_path(), filters, found.next),
    )


@dashboard.page("/webhooks/replay", may=Role.OWNER)
def confirm_replay() -> Response:
    """How many events would be processed again, by type, and the button."""
    filters = {name: sent(name) for name in _FILTERS if name != "q"}
    search, has_invalid_day = _search(filters)
    back = pager(_path(), filters, None).first
    if has_invalid_day:
        return redirect_to(back)
    found = find_replayable(visit.shop().tenant_id, search)
    return page("webhooks_replay.html.jinja", found=found, filters=filters, most=MOST_REPLAYED, back=back)


@dashboard.page("/webhooks/replay", may=Role.OWNER, methods=["POST"])
def replay() -> Response:
    """Process the events again that the page before has counted."""
    until = parse_uuid(request.form.get("until", ""))
    search, has_invalid_day = _search({name: sent_in_form(name) for name in _FILTERS if name != "q"})
    if until is None or has_invalid_day:
        abort(HTTPStatus.BAD_REQUEST)
    number = replay_many(visit.shop().tenant_id, search, until=until, actor=visit.operator().actor)
    return done("webhooks.replayed_many", to=_path(), number=str(number))


@dashboard.page("/webhooks/<event_id>", may=Role.VIEWER)
def show_one(event_id: str) -> Response:
    """One event: why it is in its state, its redacted payload, and what was done about it."""
    view = view_event(visit.shop().tenant_id, checked_name(event_id))
    return page(
        "webhook.html.jinja",
        shown=EventPage(view, language()),
        event=view.event,
        short_error=event_page.short_error,
        path=_path(),
    )


@dashboard.page("/webhooks/<event_id>/replay", may=Role.OWNER, methods=["POST"])
def replay_one(event_id: str) -> Response:
    """Process one event again."""
    tenant_id = visit.shop().tenant_id
    to = f"{_path()}/{view_event(tenant_id, checked_name(event_id)).event.stripe_event_id}"
    try:
        replay_event(tenant_id, event_id, actor=visit.operator().actor)
    except LumiraError as error:
        return failed("webhooks.refused", to=to, why=explain(error, language()))
    return done("webhooks.replayed", to=to)


def _search(filters: dict[str, str]) -> tuple[EventSearch, bool]:
    """What the filters ask for, and whether a day among them is malformed."""
    (first, last), is_invalid = read_days(filters)
    search = EventSearch(
        text=filters.get("q", ""),
        status=event_page.status_of(filters["state"]),
        type=filters["type"] or None,
        first_day=first,
        last_day=last,
        before=parse_uuid(request.args.get(AFTER, "")),
    )
    return search, is_invalid


def _path() -> str:
    return f"{visit.shop().path}/webhooks"
