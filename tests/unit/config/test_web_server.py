"""The threads of a web process: some always remain for what needs no Stripe."""

import pytest

from config.errors import SettingsError
from config.web_server import from_environment


@pytest.mark.parametrize("threads", ["2", "3", "4", "16", "200"])
def test_some_threads_never_wait_for_stripe(threads: str) -> None:
    server = from_environment({"WEB_THREADS": threads})
    assert 1 <= server.stripe_concurrency < server.threads == int(threads)


@pytest.mark.parametrize("limit", ["16", "17"])
def test_a_limit_that_leaves_no_thread_is_refused(limit: str) -> None:
    with pytest.raises(SettingsError, match="STRIPE_CONCURRENCY must be less than WEB_THREADS"):
        from_environment({"WEB_THREADS": "16", "STRIPE_CONCURRENCY": limit})


def test_a_limit_of_its_own_is_used() -> None:
    assert from_environment({"WEB_THREADS": "16", "STRIPE_CONCURRENCY": "15"}).stripe_concurrency == 15
