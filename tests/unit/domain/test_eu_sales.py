"""Sales to other countries of the EU: which count, and how much of the threshold is reached."""

import pytest

from lumira.domain.eu_sales import THRESHOLD, CountrySales, of_year


def test_only_other_countries_of_the_eu_count() -> None:
    sales = of_year(
        [CountrySales(code, 1, 1000) for code in ("FR", "MC", "BE", "DE", "CH", "GB", None)], home="FR"
    )
    assert [one.country for one in sales.abroad] == ["BE", "DE"]
    assert (sales.net_abroad, sales.home.net, sales.outside.net, sales.unknown.net) == (
        2000,
        2000,
        2000,
        1000,
    )
    assert of_year([CountrySales("FR", 1, 1000)], home="BE").net_abroad == 1000


def test_a_seller_in_monaco_sells_at_home_in_france() -> None:
    sales = of_year([CountrySales(code, 1, 1000) for code in ("FR", "MC", "BE")], home="MC")
    assert ([one.country for one in sales.abroad], sales.home.net) == (["BE"], 2000)


@pytest.mark.parametrize(
    ("net", "percent", "reached"),
    [
        (0, 0, None),
        (-500, 0, None),
        (THRESHOLD * 8 // 10 - 1, 79, None),
        (THRESHOLD * 8 // 10, 80, 80),
        (THRESHOLD - 1, 99, 80),
        (THRESHOLD, 100, 100),
        (THRESHOLD * 3, 300, 100),
    ],
)
def test_shares_of_the_threshold_are_reached_to_the_cent(net: int, percent: int, reached: int | None) -> None:
    sales = of_year([CountrySales("DE", 3, net)], home="FR")
    assert (sales.percent, sales.reached) == (percent, reached)
