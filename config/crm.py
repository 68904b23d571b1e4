"""The settings of connections to a Dolibarr."""

import re
from collections.abc import Mapping

from config.errors import SettingsError

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")


def private_hosts(values: Mapping[str, str]) -> frozenset[str]:
    """Return DOLIBARR_PRIVATE_HOSTS in lower case; raise `SettingsError` if one of them is no host name."""
    hosts = [host.strip() for host in values.get("DOLIBARR_PRIVATE_HOSTS", "").split(",") if host.strip()]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise SettingsError(
                "DOLIBARR_PRIVATE_HOSTS must be host names without scheme, port and path, comma-separated, such as "
                f"erp.example.internal, not {host!r}."
            )
    return frozenset(host.lower() for host in hosts)
