"""One call to Stripe: credentials, timeout, retries, pagination, and the translation of every error.

Source of the rules: docs.stripe.com/error-low-level and /api/idempotent_requests.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Protocol

import stripe
import structlog

from lumira import metrics, stripe_slots, tracing
from lumira.clients.stripe_session import StripeSession
from lumira.clock import utc_now
from lumira.database import refuse_inside_transaction
from lumira.errors.stripe import StripeConfigError, StripePermissionMissing, StripeUnavailable

log = structlog.get_logger()

#: Seconds to connect and to read: longer than Stripe takes on a bad day, shorter than a buyer waits.
TIMEOUT = (3, 20)
#: Repetitions by the SDK after a connection failure, a time-out, a 409 or a server error; it pauses between them.
NETWORK_RETRIES = 1
_LONGEST_SDK_PAUSE = 2
#: Seconds before the one retry after a 429 response, unless Stripe sends `Retry-After`; and the longest such pause.
RATE_LIMIT_PAUSE, _LONGEST_RATE_LIMIT_PAUSE = 1.0, 5.0
#: A call takes no longer, whatever Stripe does: leases that cover a call are longer.
LONGEST_CALL = timedelta(
    seconds=(NETWORK_RETRIES + 2) * sum(TIMEOUT)
    + NETWORK_RETRIES * _LONGEST_SDK_PAUSE
    + _LONGEST_RATE_LIMIT_PAUSE
)
#: Seconds that Lumira's own `Retry-After` names while Stripe is unavailable.
RETRY_AFTER = 5

#: The API version that this code is written for: the SDK's.
API_VERSION: str = stripe.api_version

#: Stripe's name of a permission of restricted keys, in the sentence that says which one is missing.
_PERMISSION = re.compile(r"\brak_\w+")
#: The 403 of a key that has no access to the Connect account: no call for that account succeeds.
_NO_ACCESS_TO_ACCOUNT = "account_invalid"

_api_base: list[str] = []
#: The clock is one for all tenants, like Stripe.
_clock_difference = [timedelta()]
# One connection pool for all tenants; the SDK's client around it takes microseconds to build.
_http_client = stripe.RequestsClient(timeout=TIMEOUT, session=StripeSession())
# Latency reports to Stripe would be sent with the next request of another tenant.
stripe.enable_telemetry = False

#: What the SDK returns: an object of its own, or the response as it was received.
Response = stripe.StripeObject | stripe.StripeResponse
#: Performs one request with the SDK's client and request options.
Request = Callable[[stripe.StripeClient, Any], Response]
#: Requests one page of a list with these parameters.
ListRequest = Callable[[stripe.StripeClient, dict[str, Any], Any], stripe.StripeObject]


class Account(Protocol):
    """The credentials of a call."""

    @property
    def tenant_slug(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def stripe_account(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list at Stripe."""

    objects: list[dict[str, Any]]
    #: Whether the list has more objects after these.
    has_more: bool


class StripeRefused(Exception):
    """Stripe rejected the request: repeating it unchanged cannot succeed."""

    def __init__(
        self, code: str, message: str, *, param: str | None = None, stripe_time: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        #: When Stripe replied, by its own clock.
        self.stripe_time = stripe_time

    @property
    def is_missing_customer(self) -> bool:
        return self.code == "resource_missing" and self.param == "customer"


class StripeOutcomeUnknown(StripeUnavailable):
    """Stripe failed during the request: the object may exist, and the same key returns this error for a day."""


#: How a call that failed is counted.
_RESULTS = {
    StripeRefused: "refused",
    StripeOutcomeUnknown: "outcome_unknown",
    StripeUnavailable: "unavailable",
    StripeConfigError: "key_refused",
    StripePermissionMissing: "permission_missing",
}


def configure(api_base: str | None) -> None:
    """Send calls to `api_base` instead of Stripe, for the sandbox."""
    _api_base[:] = [api_base] if api_base else []


def api_base() -> str | None:
    """Return the address that calls are sent to instead of Stripe; `None` for Stripe."""
    return _api_base[0] if _api_base else None


#: By tenant and operation.
_succeeded_at: dict[tuple[str, str], datetime] = {}


def call(account: Account, operation: str, request: Request, *, key: str | None = None) -> dict[str, Any]:
    """Perform one request with the idempotency key `key` and return the response as a plain dict.

    Raises `StripeRefused`, `StripeConfigError` (`StripePermissionMissing` if only this call is not permitted),
    `StripeOutcomeUnknown` or `StripeUnavailable` (`StripeBusy` if too many calls of this process wait for Stripe).
    """
    refuse_inside_transaction()
    with tracing.span(f"Stripe {operation}", "client") as span:
        span.set({"stripe.operation": operation, "lumira.tenant": account.tenant_slug})
        return _call(account, operation, request, key)


def _call(account: Account, operation: str, request: Request, key: str | None) -> dict[str, Any]:
    client = _client(account)
    options = {"idempotency_key": key} if key else {}
    started_at = time.monotonic()
    try:
        with stripe_slots.occupied():
            response = _retry_once_when_rate_limited(request, client, options)
    except stripe.StripeError as error:
        log.warning(
            "stripe_call_failed",
            operation=operation,
            tenant=account.tenant_slug,
            http_status=error.http_status,
            stripe_code=error.code,
            stripe_request_id=error.request_id,
            error=type(error).__name__,
        )
        failure = _translate(error, account, operation, stripe_time=_compare_clocks(error.headers))
        _count(operation, _RESULTS.get(type(failure), "unavailable"), started_at)
        raise failure from error
    _count(operation, "ok", started_at)
    log.info("stripe_called", operation=operation, ms=round((time.monotonic() - started_at) * 1000))
    _succeeded_at[account.tenant_slug, operation] = utc_now()
    return _read(response)


def _count(operation: str, result: str, started_at: float) -> None:
    metrics.STRIPE_CALLS.count(operation, result)
    metrics.STRIPE_SECONDS.observe(time.monotonic() - started_at, operation)


def post(path: str, parameters: Mapping[str, Any]) -> Request:
    """Return a POST whose response is read without the SDK's objects, which take a third of the time of a call.

    For the calls that every sale makes.
    """
    return lambda client, options: client.raw_request("post", path, **parameters, **options)


def _read(response: Response) -> dict[str, Any]:
    """Return a response as a plain dict, and remember Stripe's clock."""
    if isinstance(response, stripe.StripeResponse):
        _compare_clocks(response.headers)
        received: dict[str, Any] = json.loads(response.body)
        return received
    _compare_clocks(response.last_response.headers if response.last_response else None)
    plain: dict[str, Any] = response.to_dict()
    return plain


def last_success(account: Account, operation: str) -> datetime | None:
    """Return when this operation last succeeded in this process; `None` if it has not."""
    return _succeeded_at.get((account.tenant_slug, operation))


def clock_difference() -> timedelta:
    """How far Stripe's clock is ahead of this machine's, as the newest response shows; negative if behind."""
    return _clock_difference[0]


def _compare_clocks(headers: Mapping[str, str] | None) -> datetime | None:
    """Return the time of a response by Stripe's clock, and remember how far it is from this machine's."""
    try:
        stripe_time = parsedate_to_datetime((headers or {}).get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
    _clock_difference[0] = stripe_time - utc_now()
    return stripe_time


def call_pages(
    account: Account, operation: str, parameters: dict[str, Any], request: ListRequest
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, requesting page after page. Raises as `call` does."""
    page = call_page(account, operation, parameters, request)
    yield from page.objects
    while page.has_more:
        page = call_page(account, operation, parameters, request, after=page.objects[-1]["id"])
        yield from page.objects


def call_page(
    account: Account,
    operation: str,
    parameters: dict[str, Any],
    request: ListRequest,
    *,
    after: str | None = None,
) -> Page:
    """Return one page of a list, the first one or that after an object. Raises as `call` does."""
    sent = {"limit": 100, **parameters, **({"starting_after": after} if after else {})}
    page = call(account, operation, partial(_request_page, request, sent))
    return Page(page["data"], has_more=page["has_more"] and bool(page["data"]))


def _request_page(
    request: ListRequest, parameters: dict[str, Any], client: stripe.StripeClient, options: Any
) -> stripe.StripeObject:
    return request(client, parameters, options)


def _retry_once_when_rate_limited(
    request: Request, client: stripe.StripeClient, options: dict[str, Any]
) -> Response:
    try:
        return request(client, options)
    except stripe.RateLimitError as error:
        # The SDK never retries a 429. Stripe limits the rate before it looks at the key, so the key is still unused.
        time.sleep(_pause(error))
        # Once: with further repetitions the call could outlast the lease of its caller.
        return request(client, options | {"max_network_retries": 0})


def _client(account: Account) -> stripe.StripeClient:
    if not account.secret_key:
        raise StripeConfigError("This shop has no Stripe key.", tenant=account.tenant_slug)
    return stripe.StripeClient(
        account.secret_key,
        stripe_account=account.stripe_account,
        http_client=_http_client,
        max_network_retries=NETWORK_RETRIES,
        base_addresses={"api": _api_base[0]} if _api_base else {},
    )


def _pause(error: stripe.StripeError) -> float:
    retry_after = (error.headers or {}).get("Retry-After", "")
    return min(float(retry_after), _LONGEST_RATE_LIMIT_PAUSE) if retry_after.isdecimal() else RATE_LIMIT_PAUSE


def _translate(
    error: stripe.StripeError, account: Account, operation: str, *, stripe_time: datetime | None
) -> Exception:
    """Return Lumira's exception for an error; chosen by HTTP status, because the SDK has no class for some."""
    status = error.http_status
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return _refused_key(error, account, operation)
    if isinstance(error, stripe.APIConnectionError) or status in (None, 409, 429):
        return StripeUnavailable("Stripe cannot be reached at the moment.", retry_after=RETRY_AFTER)
    if status is not None and status >= 500:  # noqa: PLR2004 - the class of all server errors
        return StripeOutcomeUnknown("Stripe has a problem at the moment.", retry_after=RETRY_AFTER)
    return StripeRefused(
        code=_code(error) or "unknown",
        message=str(error.user_message or "Stripe refused the request."),
        param=getattr(error, "param", None),
        stripe_time=stripe_time,
    )


def _code(error: stripe.StripeError) -> str | None:
    """Return Stripe's code of the error; the SDK leaves it out of some of its classes."""
    body = error.error
    return (body.code if body else None) or error.code


def _refused_key(error: stripe.StripeError, account: Account, operation: str) -> StripeConfigError:
    """Return the error of a 401, which refuses the key, or of a 403, which refuses this call."""
    message = str(error.user_message or "")
    if isinstance(error, stripe.PermissionError) and _code(error) != _NO_ACCESS_TO_ACCOUNT:
        named = _PERMISSION.search(message)
        return StripePermissionMissing(
            permission=named[0] if named else operation,
            operation=operation,
            stripe_message=message,
            tenant=account.tenant_slug,
        )
    refused = StripeConfigError("Stripe does not accept this shop's key.", tenant=account.tenant_slug)
    refused.stripe_message = message or None
    return refused
