"""Every limit of a stop leaves time for what runs: a call to Stripe that hangs, and an e-mail that is being sent."""

import re
import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from config.settings import ROOT
from lumira.clients import smtp
from lumira.clients.stripe_transport import LONGEST_CALL

DEPLOY = ROOT / "deploy"


def _seconds(path: Path, pattern: str) -> timedelta:
    [value] = re.findall(pattern, path.read_text(), re.MULTILINE)
    return timedelta(seconds=int(value))


def _graceful_timeout() -> timedelta:
    return _seconds(ROOT / "config" / "gunicorn.py", r"^graceful_timeout = (\d+)$")


def _services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return services


def test_a_web_server_and_its_proxy_wait_for_the_longest_call_to_stripe() -> None:
    assert _graceful_timeout() > LONGEST_CALL
    assert _seconds(DEPLOY / "nginx.conf", r"^ +proxy_read_timeout (\d+)s;$") > LONGEST_CALL


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda unit: unit.stem)
def test_systemd_kills_no_process_that_still_finishes_its_work(unit: Path) -> None:
    limit = _seconds(unit, r"^TimeoutStopSec=(\d+)$")
    assert limit > max(_graceful_timeout(), LONGEST_CALL, timedelta(seconds=smtp.SEND_TIMEOUT))


@pytest.mark.parametrize("name", ["web-1", "web-2", "worker"])
def test_compose_kills_no_process_that_still_finishes_its_work(name: str) -> None:
    limit = timedelta(seconds=int(_services()[name]["stop_grace_period"].removesuffix("s")))
    assert limit > max(_graceful_timeout(), LONGEST_CALL, timedelta(seconds=smtp.SEND_TIMEOUT))


def test_a_web_server_loads_its_own_release_when_the_link_leads_to_the_next_one(tmp_path: Path) -> None:
    link = tmp_path / "lumira"
    link.symlink_to(ROOT)
    assert runpy.run_path(str(link / "config" / "gunicorn.py"))["chdir"] == str(ROOT)
