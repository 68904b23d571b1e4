"""The access that a catalog file describes applies to orders from then on."""

from pathlib import Path

import pytest

from lumira.services.access.view_access import view_access
from tests.support.factories import BUYER, Brand, load_order
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

FILE = """
[tenant]
slug = "{slug}"
name = "{name}"
alert_email = "alerts@shop.example"
currency = "eur"

[[products]]
id = "intuitive"
kind = "level"
level = 2
name = "Intuitive"
amount = 1400

[[products]]
id = "alchimique"
kind = "level"
level = 3
name = "Alchimique"
amount = 2900
{more}
"""


def write(folder: Path, brand: Brand, more: str) -> Path:
    path = folder / "catalog.toml"
    path.write_text(FILE.format(slug=brand.slug, name=brand.name, more=more), encoding="utf-8")
    return path


def test_a_file_gives_access_an_end_and_lower_levels_to_orders_from_then_on(run_flask, tenant, tmp_path):
    before = pay(tenant, "alchimique")
    file = write(tmp_path, tenant, "access_days = 30\nincludes_lower_levels = true")

    output = run_flask("catalog", "apply", file).stdout

    assert "access_days" in output
    assert "includes_lower_levels" in output
    assert "nothing to change" in run_flask("catalog", "apply", file).stdout
    assert load_order(tenant, before.order_number).grants[0].expires_at is None
    assert not view_access(tenant.id, customer_email=BUYER, level=2).active
    after = load_order(tenant, pay(tenant, "alchimique").order_number)
    assert (after.grants[0].expires_at - after.completed_at).days == 30
    assert view_access(tenant.id, customer_email=BUYER, level=2).active


def test_a_mistake_about_access_changes_nothing(run_flask, tenant, tmp_path):
    file = write(tmp_path, tenant, "access_days = 0")

    assert "access_days" in run_flask("catalog", "apply", file, code=1).stderr
    assert load_order(tenant, pay(tenant, "alchimique").order_number).grants[0].expires_at is None
