"""Deliver to the installation's own public address, as Stripe does: over the network, without following redirects."""

from dataclasses import dataclass
from enum import StrEnum

import requests

from lumira.database import refuse_inside_transaction

#: Seconds to connect, and for each part of the reply. Stripe waits about as long.
_TIMEOUT = (5, 20)
#: Only the beginning of a reply is read.
_READ = 2_000


class Failure(StrEnum):
    """Why there was no reply."""

    TLS = "tls"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


class NoReply(Exception):
    """The address did not reply; the message names the error."""

    def __init__(self, failure: Failure, error: Exception) -> None:
        # The connection pool's own sentence is about its retries: it makes none.
        pooled = error.args[0] if error.args else error
        super().__init__(str(getattr(pooled, "reason", error)))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Reply:
    """The status and the beginning of a reply."""

    status: int
    text: str


def deliver(url: str, body: bytes, signature: str) -> Reply:
    """POST a signed delivery and return the reply, whatever its status. Raises `NoReply`."""
    refuse_inside_transaction()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature,
        "User-Agent": "Lumira doctor",
    }
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True
        ) as reply:
            beginning: bytes = reply.raw.read1(_READ)
            return Reply(reply.status_code, beginning.decode(errors="replace"))
    except requests.exceptions.SSLError as error:
        raise NoReply(Failure.TLS, error) from error
    except requests.Timeout as error:
        raise NoReply(Failure.TIMEOUT, error) from error
    except (requests.RequestException, OSError) as error:
        raise NoReply(Failure.UNREACHABLE, error) from error
