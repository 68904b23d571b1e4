"""``/v1/refunds``."""

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError
from lumira.sandbox.events import changed
from lumira.sandbox.limits import check_email, check_metadata, merged_metadata
from lumira.sandbox.lists import list_objects
from lumira.sandbox.payments.refundable import amount_to_refund, charge_named
from lumira.sandbox.payments.refunds import emit_updated, fail_refund, open_refund

routes = Routes()
URL = "/v1/refunds"
_CASH_BALANCE_PARAMETERS = ("customer", "currency", "origin")


@routes.add("POST", URL, params.RefundCreateParams)
def create(call: Call) -> Object:
    """Refund a charge: ``amount`` (minor units), by default the remaining amount."""
    check_metadata(call["metadata"])
    check_email(call["instructions_email"], "instructions_email")
    for name in _CASH_BALANCE_PARAMETERS:
        if name in call.params:
            raise InvalidRequestError(
                f"The parameter `{name}` is only for refunds of a customer's cash balance.", param=name
            )
    charge = charge_named(call.account, call["charge"], call["payment_intent"])
    _check_platform(call, charge["id"])
    return open_refund(
        call.account,
        charge,
        amount_to_refund(call.account, charge, call["amount"]),
        reason=call["reason"],
        metadata=merged_metadata({}, call["metadata"]),
        email=call["instructions_email"],
    )


@routes.add("GET", URL, params.RefundListParams)
def list_all(call: Call) -> Object:
    """List the account's refunds, newest first."""
    return list_objects(
        call.account,
        "refund",
        URL,
        call.params,
        charge=call["charge"],
        payment_intent=call["payment_intent"],
    )


@routes.add("GET", URL + "/<id>", params.RefundRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one refund."""
    return call.account.get("refund", call.path["id"])


@routes.add("POST", URL + "/<id>", params.RefundUpdateParams)
def update(call: Call) -> Object:
    """Update a refund's metadata, its only field that can be updated."""
    refund = call.account.get("refund", call.path["id"])
    check_metadata(call["metadata"])
    before = dict(refund)
    refund["metadata"] = merged_metadata(refund["metadata"], call["metadata"])
    previous = changed(before, refund)
    if previous:
        call.account.save(refund)
        emit_updated(call.account, refund, previous)
    return refund


@routes.add("POST", URL + "/<id>/cancel", params.RefundCancelParams)
def cancel(call: Call) -> Object:
    """Cancel a refund that requires the buyer's action; no other refund can be canceled."""
    refund = call.account.get("refund", call.path["id"])
    if refund["status"] != "requires_action":
        raise InvalidStateError(
            f"You cannot cancel this refund because it has a status of {refund['status']}. Only a refund "
            "with one of the following statuses may be canceled: requires_action."
        )
    return fail_refund(call.account, refund["id"], "merchant_request", status="canceled")


def _check_platform(call: Call, charge_id: str) -> None:
    """Raise ``InvalidStateError`` for Connect parameters: the account has no application fees or transfers."""
    for name, label in (("refund_application_fee", "application fee"), ("reverse_transfer", "transfer")):
        if call[name]:
            raise InvalidStateError(f"Charge {charge_id} does not have an associated {label}.", param=name)
