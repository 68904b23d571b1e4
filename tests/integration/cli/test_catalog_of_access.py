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


MOVED = """
[[products]]
id = "nouvelle"
kind = "level"
level = 2
name = "Nouvelle"
amount = 2000
"""


def test_moving_the_number_of_a_level_with_buyers_is_asked_first(run_flask, tenant, tmp_path):
    file = write(tmp_path, tenant, "")
    run_flask("catalog", "apply", file)
    pay(tenant, "intuitive")
    file.write_text(file.read_text("utf-8").replace("level = 2", "level = 4") + MOVED, "utf-8")

    warned = run_flask("catalog", "apply", file, "--dry-run").stdout
    assert "intuitive was level 2 and will be level 4: 1 grants keep it" in warned
    assert "Nothing was done" in run_flask("catalog", "apply", file, stdin="n\n", code=1).stderr
    assert view_access(tenant.id, customer_email=BUYER, level=2).active

    assert "level_number 2 → 4" in run_flask("catalog", "apply", file, "--yes").stdout
    assert not view_access(tenant.id, customer_email=BUYER, level=2).active
    assert view_access(tenant.id, customer_email=BUYER, product_id="intuitive").active


@pytest.mark.parametrize("is_manual", [False, True])
def test_moving_the_number_of_a_level_that_is_held_as_an_included_one_is_asked_first(
    run_flask, tenant, tmp_path, is_manual
):
    file = write(tmp_path, tenant, "includes_lower_levels = true")
    run_flask("catalog", "apply", file)
    if is_manual:
        run_flask("access", "give", BUYER, "alchimique", "--tenant", tenant.slug)
    else:
        pay(tenant, "alchimique")
    file.write_text(file.read_text("utf-8").replace("level = 2", "level = 4") + MOVED, "utf-8")

    refused = run_flask("catalog", "apply", file, stdin="n\n", code=1)

    assert "intuitive was level 2 and will be level 4: 1 grants keep it" in refused.stdout
    assert "Nothing was done" in refused.stderr


def test_moving_the_number_of_a_level_without_buyers_is_not_asked(run_flask, tenant, tmp_path):
    file = write(tmp_path, tenant, "")
    run_flask("catalog", "apply", file)
    file.write_text(file.read_text("utf-8").replace("level = 2", "level = 4") + MOVED, "utf-8")

    assert "level_number 2 → 4" in run_flask("catalog", "apply", file).stdout


def test_a_removed_level_with_buyers_that_loses_its_number_is_asked_first(run_flask, tenant, tmp_path):
    run_flask("catalog", "apply", write(tmp_path, tenant, ""))
    pay(tenant, "alchimique")
    file = write(tmp_path, tenant, "")
    file.write_text(file.read_text("utf-8").replace('id = "alchimique"', 'id = "nouvelle"'), "utf-8")

    warned = run_flask("catalog", "apply", file, "--yes").stdout

    assert "alchimique was level 3 and will be no level any more" in warned
    assert "nouvelle has the name of alchimique" in warned
    assert "0 units of stock, 1 grants and 0 contents stay under alchimique" in warned
    assert view_access(tenant.id, customer_email=BUYER, product_id="alchimique").active


def test_a_mistake_about_access_changes_nothing(run_flask, tenant, tmp_path):
    file = write(tmp_path, tenant, "access_days = 0")

    assert "access_days" in run_flask("catalog", "apply", file, code=1).stderr
    assert load_order(tenant, pay(tenant, "alchimique").order_number).grants[0].expires_at is None
