"""The URL of the database may be written in PostgreSQL's way and in SQLAlchemy's, for web and worker alike."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from config import database_url
from config.settings import Settings, SettingsError
from tests.unit.config.environment import REQUIRED

TWO = {"user": "u", "password": "p@w", "dbname": "db", "host": "h1,h2", "port": "5432,5433"}


def parameters(url: str) -> dict[str, object]:
    """Return what the worker connects with, which must be what the application's engines connect with."""
    parsed = Settings.from_environment(REQUIRED | {"DATABASE_URL": url}).database_url
    _, of_engine = make_url(parsed).get_dialect()().create_connect_args(make_url(parsed))
    of_worker = conninfo_to_dict(database_url.conninfo(parsed))
    assert of_worker == {name: str(value) for name, value in of_engine.items()}
    return of_worker


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40w@h1:5432,h2:5433/db",
        "postgres://u:p%40w@h1:5432,h2:5433/db?target_session_attrs=read-write",
        "postgresql+psycopg://u:p%40w@h1:5432,h2:5433/db",
        "postgresql://u:p%40w@/db?host=h1:5432&host=h2:5433",
        "postgresql://u:p%40w@/db?host=h1,h2&port=5432,5433",
    ],
)
def test_several_hosts_are_read_in_every_usual_form_and_the_one_that_can_write_is_used(url: str) -> None:
    assert parameters(url) == TWO | {"target_session_attrs": "read-write"}


def test_an_operator_may_choose_another_kind_of_session() -> None:
    url = "postgresql://u:p%40w@h1:5432,h2:5433/db?target_session_attrs=any"

    assert parameters(url)["target_session_attrs"] == "any"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://u@h/db", "h", None),
        ("postgresql://u:a,b@h:5433/db", "h", "5433"),
        ("postgresql://u@h1,h2/db", "h1,h2", ","),
        ("postgresql://u@[::1]:5432,[::2]:5433/db", "::1,::2", "5432,5433"),
        ("postgresql://u@%2Frun%2Fpostgresql:5433/db", "/run/postgresql", "5433"),
        ("postgresql://u@/db?host=%2Frun%2Fpostgresql", "/run/postgresql", None),
        ("postgresql:///db", None, None),
    ],
)
def test_hosts_sockets_and_ports_are_read_as_postgresql_reads_them(
    url: str, host: str | None, port: str | None
) -> None:
    given = parameters(url)

    assert (given.get("host"), given.get("port")) == (host, port)


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_DIRECT_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter2@h/db",
        "postgresql://u:hunter2@h:port/db",
        "postgresql://u:hunter2@h:99999/db",
        "postgresql://u:hunter2@h1:5432,h2:port/db",
        "postgresql://u:hunter2@[::1/db",
        "postgresql://u:hunter2@h/db?sslmod=require",
        "postgresql://u:hunter2@h1,h2/db?sslmode",
        "postgresql://u:hunter2@/db?host=h1:5432,h2:5433",
        "postgresql://u:hunter2@/db?host=h1:5432&host=h2:5433&port=5434",
    ],
)
def test_a_url_that_postgresql_would_refuse_stops_the_start_without_its_password(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as caught:
        Settings.from_environment(REQUIRED | {name: url})

    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "trusts_any"),
    [
        ("postgresql://u:p@db.internal/lumira", True),
        ("postgresql://u:p@10.0.0.5/lumira?sslmode=require", True),
        ("postgresql://u:p@127.0.0.1,db2.internal/lumira", True),
        ("postgresql://u:p@db.internal/lumira?sslmode=verify-full&sslrootcert=system", False),
        ("postgresql://u:p@db.internal/lumira?sslmode=verify-ca", False),
        ("postgresql://u:p@postgres/lumira?sslmode=disable", False),
        ("postgresql://u:p@localhost/lumira", False),
        ("postgresql://u:p@[::1]:5433/lumira", False),
        ("postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/lumira", False),
        ("postgresql:///lumira", False),
    ],
)
def test_a_server_on_another_machine_proves_who_it_is_or_the_operator_has_decided(
    url: str, trusts_any: bool
) -> None:
    assert database_url.trusts_any_server(database_url.parse("DATABASE_URL", url)) is trusts_any
