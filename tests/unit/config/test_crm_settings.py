"""DOLIBARR_PRIVATE_HOSTS names hosts, and nothing else."""

import pytest

from config.crm import private_hosts
from config.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", set()),
        ("erp.example.internal", {"erp.example.internal"}),
        (" ERP.example.internal , 10.0.0.5,fd00::5,", {"erp.example.internal", "10.0.0.5", "fd00::5"}),
    ],
)
def test_hosts_are_read_without_spaces_and_in_lower_case(text, hosts) -> None:
    assert private_hosts({"DOLIBARR_PRIVATE_HOSTS": text}) == hosts


@pytest.mark.parametrize(
    "text",
    ["https://erp.internal", "erp.internal:8080", "erp.internal/dolibarr", "*", "a b", "-", "*.internal"],
)
def test_anything_but_a_host_is_refused_with_what_to_write(text) -> None:
    with pytest.raises(SettingsError, match="DOLIBARR_PRIVATE_HOSTS must be host names"):
        private_hosts({"DOLIBARR_PRIVATE_HOSTS": text})
