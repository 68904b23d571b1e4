"""A catalog file sets a tenant's colours; an invalid colour changes nothing."""

import pytest

from lumira.database import atomic
from lumira.repositories.tenants import tenants

pytestmark = pytest.mark.usefixtures("app_context")

FILE = """
[tenant]
alert_email = "team@shop.example"
slug = "{slug}"
name = "{name}"
currency = "eur"
{look}

[[products]]
id = "mystique"
kind = "digital"
name = "Niveau Mystique"
amount = 4700
"""


def apply(run_flask, tmp_path, brand, look: str, *, code: int = 0):
    path = tmp_path / "catalog.toml"
    path.write_text(FILE.format(slug=brand.slug, name=brand.name, look=look))
    return run_flask("catalog", "apply", path, code=code)


def look_of(brand) -> tuple[str | None, str | None, int | None]:
    with atomic(brand.id):
        tenant = tenants.get(brand.id)
        return tenant.brand_color, tenant.brand_background, tenant.brand_radius


def test_a_brand_gets_its_colours_from_its_file_and_loses_them_with_it(run_flask, tmp_path, tenant):
    look = 'brand_color = "#d4af37"\nbrand_background = "#0F0B19"\nbrand_radius = 12'
    assert "#D4AF37" in apply(run_flask, tmp_path, tenant, look).stdout
    assert look_of(tenant) == ("#D4AF37", "#0F0B19", 12)
    apply(run_flask, tmp_path, tenant, "")
    assert look_of(tenant) == (None, None, None)


@pytest.mark.parametrize(
    "look",
    [
        'brand_color = "gold"',
        'brand_color = "#FFF"',
        "brand_color = '#FFFFFF;\"><script>'",
        'brand_background = "red"',
        "brand_radius = 33",
        "brand_radius = -1",
        'brand_radius = "12"',
    ],
)
def test_an_invalid_colour_or_corner_radius_is_refused(look, run_flask, tmp_path, tenant):
    assert look.partition(" ")[0] in apply(run_flask, tmp_path, tenant, look, code=1).stderr
    assert look_of(tenant) == (None, None, None)
