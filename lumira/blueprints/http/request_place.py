"""Where an error of a request occurred: the rule of its route, and its tenant."""

from flask import g, has_request_context, request

from lumira.services.program_errors.note_errors import Place


def request_place() -> Place | None:
    """The place of the running request; `None` outside one. It has the rule and not the path, which has ids."""
    if not has_request_context():
        return None
    rule = request.url_rule.rule if request.url_rule else "no route"
    return Place(f"{request.method} {rule}", g.get("tenant_id"))
