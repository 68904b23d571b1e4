"""Failed attempts are repeated after growing, varied delays."""

import pytest

from lumira.domain import retries


def test_retry_delays_double_up_to_an_hour(monkeypatch):
    monkeypatch.setattr(retries._random, "uniform", lambda least, most: (least + most) / 2)
    delays = [retries.retry_delay(attempts).total_seconds() for attempts in range(1, 11)]
    assert delays == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@pytest.mark.parametrize("attempts", [1, 5, 100])
def test_retry_delays_vary_by_a_fifth_so_that_retries_spread(attempts, monkeypatch):
    delays = {retries.retry_delay(attempts) for _ in range(50)}
    monkeypatch.setattr(retries._random, "uniform", lambda *_: 1.0)
    average = retries.retry_delay(attempts)
    assert len(delays) > 25
    assert all(average * 0.8 <= delay <= average * 1.2 for delay in delays)
