"""A catalog file is applied from the command line, and its difference is printed."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from lumira.cli.catalog import read_catalog
from lumira.database import atomic
from lumira.repositories.catalog import products
from lumira.repositories.tenants import tenants
from lumira.services.catalog.apply_catalog import apply_catalog

pytestmark = pytest.mark.usefixtures("app_context")

CATALOGS = Path(__file__).resolve().parents[3] / "config" / "catalogs"


@pytest.fixture
def slug() -> str:
    return f"file-{secrets.token_hex(6)}"


@pytest.fixture
def file(tmp_path: Path, slug: str) -> Path:
    """Oracle Lumira's own file, for a tenant of this test alone."""
    text = (CATALOGS / "oracle-lumira.toml").read_text()
    path = tmp_path / "catalog.toml"
    path.write_text(text.replace("oracle-lumira", slug).replace('"LUM"', f'"{secrets.token_hex(4).upper()}"'))
    return path


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def find(slug: str) -> int | None:
    with atomic(None):
        return tenants.find_id(slug)


def set_domains(slug: str, *domains: str) -> None:
    tenant_id = find(slug)
    with atomic(tenant_id):
        tenants.set_domains(tenant_id, list(domains))


def test_a_new_file_creates_the_tenant_and_its_products(run_flask, file, slug):
    result = run_flask("catalog", "apply", file)

    assert f"{slug}: created" in result.stdout
    assert "+ simple: Simple, 0.00 EUR, level 1" in result.stdout
    assert "+ mystique: Niveau Mystique, 47.00 EUR\n" in result.stdout
    tenant_id = find(slug)
    assert tenant_id is not None
    with atomic(tenant_id):
        assert [p.id for p in products.list_products(tenant_id)] == [
            "simple",
            "intuitive",
            "alchimique",
            "integrale",
            "mystique",
        ]


def test_applying_again_says_that_there_is_nothing_to_change(run_flask, file, slug):
    run_flask("catalog", "apply", file)

    assert run_flask("catalog", "apply", file).stdout == f"{slug}: nothing to change.\n"


def test_the_difference_shows_formatted_prices(run_flask, file):
    run_flask("catalog", "apply", file)
    change(file, "amount = 4700", "amount = 5200")
    change(file, 'time_zone = "Europe/Paris"', 'time_zone = "Indian/Reunion"')

    result = run_flask("catalog", "apply", file)

    assert "~ mystique: amount 47.00 EUR → 52.00 EUR" in result.stdout
    assert "time_zone Europe/Paris → Indian/Reunion" in result.stdout


def test_a_dry_run_shows_the_difference_and_changes_nothing(run_flask, file, slug):
    result = run_flask("catalog", "apply", file, "--dry-run")

    assert "+ mystique" in result.stdout
    assert result.stdout.endswith("Dry run: nothing was changed.\n")
    assert find(slug) is None


def test_a_removed_product_that_returns_is_reported(run_flask, file):
    run_flask("catalog", "apply", file)
    whole = file.read_text()
    file.write_text(whole[: whole.rindex("[[products]]")])
    assert "- mystique: no longer on sale" in run_flask("catalog", "apply", file).stdout

    file.write_text(whole)
    assert "+ mystique: on sale again\n" in run_flask("catalog", "apply", file).stdout


GOODS = """
[[products]]
id = "carte"
kind = "physical"
name = "Carte"
amount = 900
stock = 12
"""


def test_the_first_stock_of_a_new_product_is_reported_and_stored(run_flask, file, slug):
    run_flask("catalog", "apply", file)
    file.write_text(file.read_text() + GOODS)

    assert (
        "+ carte: Carte, 9.00 EUR, 12 in stock\n" in run_flask("catalog", "apply", file, "--dry-run").stdout
    )
    assert "+ carte: Carte, 9.00 EUR, 12 in stock\n" in run_flask("catalog", "apply", file).stdout
    assert on_hand(run_flask, slug) == "12"


def test_a_product_that_looks_renamed_is_reported_with_what_stays_under_its_old_id(run_flask, file, slug):
    catalog = file.read_text()
    file.write_text(catalog + GOODS)
    run_flask("catalog", "apply", file)
    file.write_text(catalog + GOODS.replace('"carte"', '"carte-postale"').replace('"Carte"', '"CARTE"'))
    hint = (
        "carte-postale has the name of carte, which is no longer on sale. If it is the same product, apply the file "
        "with the id carte: 12 units of stock, 0 grants and 0 contents stay under carte, and carte-postale starts "
        "without them.\n"
    )

    assert hint in run_flask("catalog", "apply", file, "--dry-run").stdout
    assert hint in run_flask("catalog", "apply", file).stdout

    file.write_text(catalog + GOODS)
    assert "carte has the name of carte-postale" in run_flask("catalog", "apply", file).stdout
    assert on_hand(run_flask, slug) == "12"
    assert run_flask("catalog", "apply", file).stdout == f"{slug}: nothing to change.\n"


def test_a_product_with_another_name_does_not_look_renamed(run_flask, file):
    catalog = file.read_text()
    file.write_text(catalog + GOODS)
    run_flask("catalog", "apply", file)
    file.write_text(catalog + GOODS.replace('"carte"', '"affiche"').replace('"Carte"', '"Affiche"'))

    assert "has the name of" not in run_flask("catalog", "apply", file).stdout


def test_of_two_new_products_with_the_name_of_a_removed_one_the_equal_price_counts(run_flask, file):
    catalog = file.read_text()
    file.write_text(catalog + GOODS)
    run_flask("catalog", "apply", file)
    large = GOODS.replace('"carte"', '"carte-grande"').replace("900", "1900")
    file.write_text(catalog + large + GOODS.replace('"carte"', '"carte-petite"'))

    output = run_flask("catalog", "apply", file).stdout

    assert "carte-petite has the name of carte," in output
    assert "carte-grande has the name of" not in output


def test_a_later_stock_in_the_file_is_neither_reported_nor_stored(run_flask, file, slug):
    file.write_text(file.read_text() + GOODS)
    run_flask("catalog", "apply", file)
    change(file, "stock = 12", "stock = 99")

    assert run_flask("catalog", "apply", file).stdout == f"{slug}: nothing to change.\n"
    assert on_hand(run_flask, slug) == "12"


def test_a_product_that_becomes_physical_is_reported_to_have_stock(run_flask, file, slug):
    file.write_text(file.read_text() + GOODS.replace("physical", "digital").replace("stock = 12", ""))
    run_flask("catalog", "apply", file)
    change(file, 'kind = "digital"\nname = "Carte"', 'kind = "physical"\nname = "Carte"')

    output = run_flask("catalog", "apply", file).stdout

    assert (
        "~ carte: kind digital → physical, has stock from now on, 0 units (set them with `flask stock set`"
        in output
    )


def test_a_changed_refund_policy_is_reported(run_flask, file):
    file.write_text(file.read_text() + GOODS)
    run_flask("catalog", "apply", file)
    file.write_text(file.read_text() + "restock_on_refund = false\n")

    assert "~ carte: restock_on_refund true → false\n" in run_flask("catalog", "apply", file).stdout


def on_hand(run_flask, slug: str) -> str:
    [_, line] = run_flask("stock", "show", slug, "carte").stdout.split("\n\n")[0].splitlines()
    return str(line.split()[2])


def test_a_changed_order_prefix_is_reported_and_not_applied(run_flask, file, slug):
    run_flask("catalog", "apply", file)
    prefix = read_catalog(file).tenant.order_prefix
    change(file, f'"{prefix}"', '"ELSE"')

    result = run_flask("catalog", "apply", file)

    assert result.stdout == f"{slug}: nothing to change.\n"
    assert f"The order prefix stays {prefix}" in result.stderr


def test_another_currency_is_refused(run_flask, file):
    run_flask("catalog", "apply", file)
    change(file, 'currency = "eur"', 'currency = "usd"')

    assert "sells in eur, which cannot change" in run_flask("catalog", "apply", file, code=1).stderr


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("amount = 14", "products[1].amount: "),
        ("amount = 14.5", "products[1].amount: "),
        ("amount = 1400\nstock = 3", "products[1].stock: "),
        ("amount == 1400", "line {line}"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_place(run_flask, file, slug, line, what):
    change(file, "amount = 1400", line)
    number = file.read_text().partition(line)[0].count("\n") + 1

    result = run_flask("catalog", "apply", file, code=1)

    assert result.stderr.startswith(f"Error: {file}: ")
    assert what.format(line=number) in result.stderr
    assert find(slug) is None


def test_a_file_that_is_not_there_is_one_line(run_flask, tmp_path):
    assert "No such file" in run_flask("catalog", "apply", tmp_path / "none.toml", code=1).stderr
    assert "Is a directory" in run_flask("catalog", "apply", tmp_path, code=1).stderr


@pytest.mark.parametrize("name", ["oracle-lumira", "reboul", "boutique"])
def test_the_catalogs_in_the_repository_can_be_applied(name):
    wanted = read_catalog(CATALOGS / f"{name}.toml")

    difference = apply_catalog(wanted, actor="operator", dry_run=True)

    assert difference.slug == name


def test_a_group_is_printed_with_its_options(run_flask):
    printed = run_flask("catalog", "apply", CATALOGS / "boutique.toml", "--dry-run").stdout

    # An option's values are in the order of the file.
    expected = (
        "  + group housse-coussin: Housse de coussin (Taille: 40 x 40 cm, 50 x 50 cm; Couleur: naturel, "
    )
    assert expected in printed.replace("×", "x")  # noqa: RUF001 - as the file writes sizes


def test_a_file_without_an_address_for_alerts_is_refused_in_production(
    run_flask, file, slug, app, monkeypatch
):
    change(file, 'alert_email = "alerts@', '# alert_email = "alerts@')

    refused = run_flask("catalog", "apply", file, code=1)

    assert "tenant.alert_email: Required in production" in refused.stderr
    assert find(slug) is None
    monkeypatch.setitem(
        app.extensions, "lumira", replace(app.extensions["lumira"], environment="development")
    )
    run_flask("catalog", "apply", file)


def test_links_names_the_checkout_of_each_product_on_sale(run_flask, file, slug):
    run_flask("catalog", "apply", file)
    set_domains(slug, f"{slug}.example")

    lines = run_flask("catalog", "links", slug).stdout.splitlines()

    assert lines[0] == f"https://{slug}.example/checkout/{slug}"
    assert f"https://{slug}.example/checkout/{slug}/mystique" in lines


def test_links_without_an_address_say_what_to_set(run_flask, file, slug):
    run_flask("catalog", "apply", file)
    set_domains(slug)
    assert "Set PUBLIC_URL" in run_flask("catalog", "links", slug, code=1).stderr
