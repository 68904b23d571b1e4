"""Buyers who open payments while Stripe is slow, in a process of their own.

`python -m tests.benchmarks.slow_callers ADDRESS KEY CALLERS`. Each calls again after its reply; after a 503 when
`Retry-After` says.
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from itertools import count
from uuid import uuid4


def main() -> None:
    address, key, callers = sys.argv[1:]
    for number in range(int(callers)):
        threading.Thread(target=_call, args=(address, key, number), daemon=True).start()
    # Until the benchmark ends this process.
    threading.Event().wait()


def _call(address: str, key: str, caller: int) -> None:
    for sale in count():
        body = json.dumps(
            {"productId": "mystique", "customerEmail": f"buyer-{caller}-{sale}@example.com"}
        ).encode()
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }
        time.sleep(_open(address, body, headers))


def _open(address: str, body: bytes, headers: dict[str, str]) -> float:
    """Call until the payment is opened or refused, and return the seconds to wait before the next call."""
    connection = HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", "/api/payments/create-payment-intent", body, headers)
        reply = connection.getresponse()
        reply.read()
        return float(reply.headers.get("Retry-After") or 0)
    except (OSError, HTTPException):
        return 1.0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
