"""Values that a page stores in a browser, signed so that the browser cannot change them."""

import hashlib

from flask import current_app
from itsdangerous import URLSafeTimedSerializer


def signed_values(salt: str) -> URLSafeTimedSerializer:
    """Return what signs values of this purpose with `SECRET_KEY`, and reads those that a former key signed too."""
    config = current_app.config
    return URLSafeTimedSerializer(
        # The last one signs.
        [*config["SECRET_KEY_FALLBACKS"], config["SECRET_KEY"]],
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
