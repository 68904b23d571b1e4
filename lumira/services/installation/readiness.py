"""Readiness: the conditions for serving requests."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from config.settings import ROOT, Settings
from lumira.clock import utc_now
from lumira.database import Base
from lumira.database_sessions import APPLICATION_ROLE
from lumira.repositories.installation import worker_heartbeats
from lumira.services.installation.probe import Probe
from lumira.services.tenants.check_encryption_keys import describe_wrong_encryption_keys

log = structlog.get_logger()

#: Seconds for which readable credentials are not read again: they rarely change, and probes are frequent.
_KEYS_CHECKED_FOR = 60
_NUMBER = re.compile(r"(\d{4})_")
#: How many of these tables exist and cannot be read: a restore may have left out the privileges.
_UNGRANTED = text(
    "SELECT count(*) FROM unnest(CAST(:tables AS text[]) || 'alembic_version'::text) AS name "
    "WHERE NOT has_table_privilege(to_regclass(name), 'SELECT')"
)
#: How many of these tables do not exist: a restore may be incomplete although its migration is recorded.
_ABSENT = text(
    "SELECT count(*) FROM unnest(CAST(:tables AS text[]) || 'alembic_version'::text) AS name "
    "WHERE to_regclass(name) IS NULL"
)

#: Looks at the rows of all tenants, so at those of each server where they are spread over several.
_OVER_ALL_SERVERS = text("SELECT count(*) FROM lumira_tenants_with_due_refunds(now())")


@dataclass(frozen=True, slots=True)
class State:
    """What is missing for serving requests, and what an operator has to mend although requests are served."""

    missing: list[str]
    warnings: list[str]
    #: The driver's message if the database is not reachable: for the operator of the installation only.
    failure: str | None = None


@dataclass(slots=True)
class Readiness:
    """Checks the database over its own connection: a busy pool must not take the instance out of service."""

    probe: Probe
    #: The migration that the code requires.
    head: str
    #: When the stored credentials were last found readable, on the monotonic clock.
    keys_checked_at: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Readiness":
        return cls(Probe.of(settings), newest_migration())

    def check(self) -> "State":
        """Return which of the conditions that `docs/operations.md` lists are not met, and what is wrong besides."""
        try:
            with self.probe.connect() as connection:
                missing = list(self._missing_in(connection))
                return State(missing, [] if missing else list(_warnings_of(connection)))
        except SQLAlchemyError as error:
            # The driver's message contains addresses and user names: it belongs in the log, not in the reply.
            log.warning("database_not_reachable", failure=str(error))
            return State(["database"], [], self._message_of(error))

    def _message_of(self, error: SQLAlchemyError) -> str:
        """Return the driver's message in one line, without the password, should a driver name it."""
        message = " ".join(str(getattr(error, "orig", None) or error).split())
        password = self.probe.engine.url.password
        return message.replace(password, "…") if password else message

    def _missing_in(self, connection: Connection) -> list[str]:
        missing = []
        if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
            missing.append("write_access")
        if connection.execute(text("SELECT current_user")).scalar_one() != APPLICATION_ROLE:
            missing.append("role")
        tables = {"tables": list(Base.metadata.tables)}
        if connection.execute(_UNGRANTED, tables).scalar_one():
            return [*missing, "privileges"]
        if connection.execute(_ABSENT, tables).scalar_one():
            return [*missing, "migrations"]
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is None or not self._is_reached(revision):
            missing.append("migrations")
        if not missing and not self._decrypts(connection):
            missing.append("encryption_keys")
        return missing

    def _decrypts(self, connection: Connection) -> bool:
        """Whether the encryption keys decrypt every stored Stripe credential."""
        checked_at = self.keys_checked_at
        if checked_at is not None and time.monotonic() - checked_at < _KEYS_CHECKED_FOR:
            return True
        reason = describe_wrong_encryption_keys(connection)
        if reason is not None:
            log.error("encryption_keys_wrong", reason=reason)
            return False
        self.keys_checked_at = time.monotonic()
        return True

    def _is_reached(self, revision: str) -> bool:
        """Whether the schema is at the required migration, or past it.

        During a rollout the new migrations run first, and the old code must stay in service until it is replaced.
        """
        at, head = _NUMBER.match(revision), _NUMBER.match(self.head)
        return revision == self.head or (at is not None and head is not None and int(at[1]) > int(head[1]))


def _warnings_of(connection: Connection) -> Iterator[str]:
    if not _has_worker(connection):
        yield "worker"
    if not _has_all_servers(connection):
        yield "database_servers"


def _has_all_servers(connection: Connection) -> bool:
    """Whether each server of the database responds. The tenants of the others are served: no reason to refuse."""
    try:
        connection.execute(_OVER_ALL_SERVERS).all()
    except DBAPIError as error:
        # It may also wait for the server for longer than a probe does.
        if error.connection_invalidated:
            raise
        log.warning("database_server_absent")
        connection.rollback()
        return False
    return True


def _has_worker(connection: Connection) -> bool:
    """Whether a worker reports. Requests are served without one, and webhooks are stored: it is no reason to refuse."""
    try:
        return worker_heartbeats.count_since(utc_now() - worker_heartbeats.SILENT_AFTER, connection) > 0
    except SQLAlchemyError as error:
        log.warning("database_not_reachable", failure=str(error))
        return False


def newest_migration() -> str:
    """The migration that the code requires: Alembic would have to import all of them to find it."""
    return max(path.stem for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
