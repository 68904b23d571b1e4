"""``/v1/disputes``."""

from typing import Any

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError
from lumira.sandbox.events import changed, emit
from lumira.sandbox.limits import check_description, check_metadata, merged_metadata
from lumira.sandbox.lists import list_objects
from lumira.sandbox.payments import disputes

routes = Routes()
URL = "/v1/disputes"
_OPEN_STATUSES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
#: Characters in one field of evidence, and in all fields together.
_MAX_EVIDENCE_LENGTH, _MAX_TOTAL_LENGTH = 20_000, 150_000


@routes.add("GET", URL, params.DisputeListParams)
def list_all(call: Call) -> Object:
    """List the account's disputes, newest first."""
    return list_objects(
        call.account,
        "dispute",
        URL,
        call.params,
        charge=call["charge"],
        payment_intent=call["payment_intent"],
    )


@routes.add("GET", URL + "/<id>", params.DisputeRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one dispute."""
    return call.account.get("dispute", call.path["id"])


@routes.add("POST", URL + "/<id>", params.DisputeUpdateParams)
def update(call: Call) -> Object:
    """Add evidence, which is submitted at once unless ``submit`` is false, or update the metadata."""
    dispute = call.account.get("dispute", call.path["id"])
    check_metadata(call["metadata"])
    before = {**dispute, "evidence_details": dict(dispute["evidence_details"])}
    if call["evidence"] is not None:
        _check_open(dispute)
        _add_evidence(dispute, call["evidence"])
    if call["intended_submission_method"] is not None:
        dispute["intended_submission_method"] = call["intended_submission_method"]
    if call["submit"] or (call["evidence"] is not None and call["submit"] is None):
        _check_open(dispute)
        disputes.submit(call.account, dispute)
    dispute["metadata"] = merged_metadata(dispute["metadata"], call["metadata"])
    previous = changed(before, dispute)
    if previous:
        call.account.save(dispute)
        emit(call.account, "charge.dispute.updated", dispute, previous)
    return dispute


@routes.add("POST", URL + "/<id>/close", params.DisputeCloseParams)
def close(call: Call) -> Object:
    """Accept the dispute: it is lost."""
    dispute = call.account.get("dispute", call.path["id"])
    _check_open(dispute)
    outcome = "warning_closed" if disputes.is_inquiry(dispute) else "lost"
    return disputes.close(call.account, dispute, outcome)


def _check_open(dispute: dict[str, Any]) -> None:
    if dispute["status"] not in _OPEN_STATUSES:
        raise InvalidStateError("This dispute is already closed")


def _add_evidence(dispute: dict[str, Any], sent: dict[str, Any]) -> None:
    evidence = dict(dispute["evidence"])
    for name, value in sent.items():
        if isinstance(value, str):
            check_description(value, f"evidence[{name}]", _MAX_EVIDENCE_LENGTH)
        evidence[name] = value if value != "" else None
    if sum(len(value) for value in evidence.values() if isinstance(value, str)) > _MAX_TOTAL_LENGTH:
        raise InvalidRequestError(
            f"The combined character count of all evidence fields is limited to {_MAX_TOTAL_LENGTH}.",
            param="evidence",
        )
    dispute["evidence"] = evidence
    has_evidence = any(value for value in evidence.values())
    dispute["evidence_details"] = {**dispute["evidence_details"], "has_evidence": has_evidence}
