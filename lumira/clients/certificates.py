"""When the certificate of a host expires, as a browser sees it: a TLS handshake, and nothing is sent or read."""

import socket
import ssl
from datetime import UTC, datetime

from lumira.clients import public_addresses
from lumira.database import refuse_inside_transaction

#: Seconds to connect, and for the handshake.
_TIMEOUT = 5.0
_HTTPS = 443
#: OpenSSL's code of a certificate whose time has ended.
_EXPIRED = 10


class CertificateExpired(Exception):
    """The host shows a certificate whose time has ended."""


def read_expiry(host: str, *, port: int | None = None) -> datetime | None:
    """Return until when the host's certificate is valid; `None` if it cannot be known.

    That is so if the host cannot be reached, has a private address, or shows a certificate that is not trusted.
    Raises `CertificateExpired`.
    """
    refuse_inside_transaction()
    try:
        port = port or _HTTPS
        address = public_addresses.address_of(host, port)
        with (
            socket.create_connection((address, port), timeout=_TIMEOUT) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            raise CertificateExpired from None
        return None
    except (OSError, public_addresses.NoAddress, public_addresses.PrivateAddress):
        return None
    ends = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
