"""Whether a form was filled in before another person changed the values that it shows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint_of(values: Mapping[str, Any]) -> str:
    """Return 32 hexadecimal digits that are equal for equal values.

    A form carries those of the values that it showed, so that the change can be refused if other values are stored.
    """
    text = json.dumps(dict(values), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
