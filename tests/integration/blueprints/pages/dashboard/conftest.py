import pytest
from flask import Flask

from tests.support.dashboard import Operator, OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    """An owner of the test's tenant."""
    return make_operator(tenant)


@pytest.fixture
def browser(app: Flask, owner: Operator) -> OperatorBrowser:
    """The browser in which that owner is signed in."""
    return sign_in(app, owner)
