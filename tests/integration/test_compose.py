"""`deploy/compose.yaml` and `deploy/create-roles.sh` say what the documentation and the image say."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from config.settings import ROOT
from tests.support.documented_server import statements

DEPLOY = ROOT / "deploy"
#: The services that run Lumira's image.
OURS = ["flask", "migrate", "web-1", "web-2", "worker"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


def test_the_script_creates_the_roles_that_the_documentation_names() -> None:
    script = (DEPLOY / "create-roles.sh").read_text()
    _, _, rest = script.partition("<<'SQL'\n")
    code = "\n".join(line for line in rest.partition("\nSQL")[0].splitlines() if not line.startswith("--"))
    # The documentation leaves the passwords out.
    of_script = re.sub(r"PASSWORD :'\w+'", "PASSWORD '…'", code)
    assert [part.strip() for part in of_script.split(";") if part.strip()] == statements()


@pytest.mark.parametrize("name", OURS)
def test_a_service_cannot_change_its_code_or_gain_rights(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    # What the image writes to.
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a path in the container
    assert service["volumes"] == ["files:/var/lib/lumira"]


def test_only_the_migrations_have_the_password_of_the_tables_owner(services: dict[str, Any]) -> None:
    with_owner = [name for name in OURS if "${LUMIRA_OWNER_PASSWORD}" in str(services[name]["environment"])]
    assert with_owner == ["migrate"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_does_not_get_the_databases_passwords_with_its_settings(
    services: dict[str, Any], name: str
) -> None:
    # `environment` wins over `env_file`.
    assert services[name]["env_file"] == "compose.env"
    passwords = {key for key in services["postgres"]["environment"] if key.endswith("_PASSWORD")}
    assert {services[name]["environment"].get(key) for key in passwords} == {""}


def test_web_server_and_worker_start_after_the_migrations(services: dict[str, Any]) -> None:
    for name in ("web-1", "web-2", "worker"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_nginx_uses_the_site_that_is_tested_and_reaches_both_web_servers(services: dict[str, Any]) -> None:
    site = (DEPLOY / "nginx.conf").read_text()
    for name in ("web-1", "web-2"):
        assert services[name]["network_mode"] == "service:nginx"
        assert f"server {services[name]['environment']['BIND']} " in site
    assert any(volume.startswith("./nginx.conf:") for volume in services["nginx"]["volumes"])


def test_every_password_of_the_compose_file_is_in_the_example(services: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)\}", (DEPLOY / "compose.yaml").read_text()))
    given = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "compose.env.example").read_text(), re.MULTILINE))
    assert used <= given
    # The database's passwords are settings of PostgreSQL's image too.
    passwords = {name for name in used if name.endswith("_PASSWORD")}
    assert passwords == set(services["postgres"]["environment"])
