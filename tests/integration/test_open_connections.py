"""A module of tests that leaves a connection to PostgreSQL open is named."""

from sqlalchemy import create_engine

from tests.support import open_connections


def test_a_connection_is_named_by_the_line_that_opened_it_until_it_is_closed(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect():
        pass
    assert [line.rpartition(":")[0] for line in open_connections.forget_open()] == [
        "tests/integration/test_open_connections.py"
    ]
    with engine.connect():
        pass
    engine.dispose()
    assert open_connections.forget_open() == []
