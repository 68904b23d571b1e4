"""A host that is gone without a word ends the sessions with it soon, on both sides."""

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lumira import database_sessions


@pytest.mark.parametrize("is_pooled", [False, True])
def test_a_session_ends_within_a_minute_after_the_host_of_its_server_is_gone(*, is_pooled: bool) -> None:
    arguments = database_sessions.connect_args(is_pooled=is_pooled)
    arguments.pop("prepare_threshold", None)
    read = {name: str(value) for name, value in conninfo_to_dict(make_conninfo(**arguments)).items()}
    probes = int(read["keepalives_interval"]) * int(read["keepalives_count"])
    assert int(read["keepalives_idle"]) + probes <= 60
    assert int(read["tcp_user_timeout"]) <= 60_000
