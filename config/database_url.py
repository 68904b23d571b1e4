"""The URL of the database: PostgreSQL's and SQLAlchemy's ways to write it, also with several hosts.

The application's engines take the URL as SQLAlchemy writes it. The worker's queue and the tools of PostgreSQL take
the parameters of libpq. Both are derived here from what the operator wrote.
"""

import re
from ipaddress import ip_address

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config.errors import SettingsError

_SCHEME = re.compile(r"(postgresql\+psycopg|postgresql|postgres)://")
#: Hosts that SQLAlchemy does not read: several, or the folder of a socket in place of a host.
_ONLY_OF_POSTGRESQL = re.compile(r"(?:[^/?]*@|(?![^/?]*@))([^/?@]*,|%2F)", re.IGNORECASE)
#: A host with its port in a list where libpq takes the ports by themselves.
_HOST_WITH_PORT = re.compile(r"[^:]+:\d*")
_LAST_PORT = 65_535
_DRIVER = "postgresql+psycopg"
#: `verify-ca` and `verify-full` make the server prove who it is; `disable` is the decision that the network is trusted.
_DECIDED = ("verify-ca", "verify-full", "disable")


def parse(name: str, url: str) -> str:
    """Return the URL of the setting `name` as SQLAlchemy writes it, from any usual form.

    Of several hosts the one that can write is used, unless the URL itself sets `target_session_attrs`. Raises
    `SettingsError` for a URL that PostgreSQL would not accept.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise SettingsError(f"{name} must begin with postgresql://.")
    rest = url[scheme.end() :]
    try:
        parsed = _of_libpq(rest) if _ONLY_OF_POSTGRESQL.match(rest) else make_url(f"{_DRIVER}://{rest}")
        parameters = _parameters(parsed)
        _refuse_unusable(parameters)
    except (ArgumentError, ValueError, psycopg.Error) as error:
        # The reasons of the libraries would quote the URL with its password.
        raise SettingsError(
            f"{name} is not a URL of PostgreSQL such as postgresql://user:password@host:5432/database; several hosts "
            "are separated by commas, and special characters of the password are percent-encoded."
        ) from error
    if "," in parameters.get("host", "") and "target_session_attrs" not in parameters:
        # A standby accepts connections too, and every sale would fail there.
        parsed = parsed.update_query_dict({"target_session_attrs": "read-write"})
    return parsed.render_as_string(hide_password=False)


def _refuse_unusable(parameters: dict[str, str]) -> None:
    """Raise `ValueError` or the error of libpq for what would fail at the first connection only."""
    make_conninfo(**parameters)
    hosts, ports = parameters.get("host", "").split(","), parameters.get("port", "").split(",")
    if any(map(_HOST_WITH_PORT.fullmatch, hosts)) or not all(int(port or 1) <= _LAST_PORT for port in ports):
        raise ValueError


def conninfo(url: str) -> str:
    """Return a parsed URL as libpq's connection string: what SQLAlchemy would connect with."""
    return make_conninfo(**_parameters(make_url(url)))


def trusts_any_server(url: str) -> bool:
    """Return whether a parsed URL leads to another machine, whose server need not prove who it is.

    Without `sslmode`, libpq encrypts if the server offers it, and accepts every certificate: who is between reads all.
    """
    parameters = _parameters(make_url(url))
    is_remote = not all(map(_is_here, parameters.get("host", "").split(",")))
    return is_remote and parameters.get("sslmode", "prefer") not in _DECIDED


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # The folder of a socket, or an abstract socket.
        return host in ("", "localhost") or host[0] in "/@"


def _of_libpq(rest: str) -> URL:
    parameters = {name: str(value) for name, value in conninfo_to_dict(f"postgresql://{rest}").items()}
    return URL.create(
        _DRIVER,
        username=parameters.pop("user", None),
        password=parameters.pop("password", None),
        database=parameters.pop("dbname", None),
        query=parameters,
    )


def _parameters(url: URL) -> dict[str, str]:
    """Return libpq's parameters of a URL, as SQLAlchemy's dialect derives them."""
    _, parameters = url.get_dialect()().create_connect_args(url)
    return {name: str(value) for name, value in parameters.items()}
