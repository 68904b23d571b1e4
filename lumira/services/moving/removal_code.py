"""The code that an import prints, without which the first installation does not remove the tenant.

It stands at the end of the archive, so that whoever has it has read the archive to its end. The sums are part of it:
the code of an archive no longer fits a tenant that was resumed and has sold since.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

from lumira.services.chains import heads

_LENGTH, _GROUP = 16, 4


def make_code(tenant_id: int, sums: Mapping[str, int]) -> str:
    """Return the code of a tenant with these sums, in groups that can be copied from a screen."""
    return _code(heads.signing_keys()[0], tenant_id, sums)


def is_code(code: str, tenant_id: int, sums: Mapping[str, int]) -> bool:
    """Return whether this installation made the code for the tenant, and the tenant still has these sums."""
    entered = code.strip().lower().encode()
    return any(
        hmac.compare_digest(_code(key, tenant_id, sums).encode(), entered) for key in heads.signing_keys()
    )


def _code(key: bytes, tenant_id: int, sums: Mapping[str, int]) -> str:
    proved = json.dumps([tenant_id, dict(sums)], sort_keys=True).encode()
    digits = hmac.new(key, b"lumira.removal-code\0" + proved, hashlib.sha256).hexdigest()[:_LENGTH]
    return "-".join(digits[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))
