"""Stripe's API for the stories of sales."""

from collections.abc import Iterator

import pytest

from lumira.clients import stripe_client
from tests.support.factories import Brand
from tests.support.story_stripe import StoryStripe


@pytest.fixture
def stripe(tenant: Brand) -> Iterator[StoryStripe]:
    """Stripe's API, which serves the objects of one story."""
    served = StoryStripe()
    with served.serve() as url:
        stripe_client.configure(url)
        yield served
        stripe_client.configure(tenant.sandbox_url)
