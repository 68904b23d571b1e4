"""The version of the database server."""

from sqlalchemy import text

from lumira.database import db


def find() -> tuple[int, int]:
    """Return the major and the minor version of PostgreSQL, such as (15, 8)."""
    number: int = db.session.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    return number // 10_000, number % 10_000
