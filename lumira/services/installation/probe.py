"""A connection of its own for probes and metrics: a busy pool must not hide how the installation is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, pool

from config.settings import Settings
from lumira import database_sessions

#: For the connection (seconds, the driver's minimum) and for each statement: probes must not pile up.
_CONNECT_TIMEOUT = 2
_STATEMENT_TIMEOUT = "2s"


@dataclass(frozen=True, slots=True)
class Probe:
    """Connects to the database for one look at it."""

    engine: Engine
    #: The statements that begin its transaction behind a pooler.
    local_settings: str

    @classmethod
    def of(cls, settings: Settings) -> "Probe":
        is_pooled, changed = settings.is_database_pooled, {"statement_timeout": _STATEMENT_TIMEOUT}
        arguments = database_sessions.connect_args(is_pooled=is_pooled, changed=changed)
        engine = create_engine(
            settings.database_url,
            poolclass=pool.NullPool,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT, **arguments},
        )
        return cls(engine, database_sessions.local_settings(is_pooled=is_pooled, changed=changed))

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Yield a connection; what it reads is in one transaction, which is rolled back."""
        with self.engine.connect() as connection:
            if self.local_settings:
                connection.exec_driver_sql(self.local_settings)
            yield connection
