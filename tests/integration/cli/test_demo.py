"""The demo: three fulfilled purchases in an empty folder, and its messages when it fails."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest
import requests
from flask import Flask

from config.settings import ROOT
from lumira.cli.demo import checkout_page
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation, require_free_port
from lumira.cli.demo.operator import describe_operator, set_up_operator
from lumira.cli.demo.processes import Processes
from lumira.cli.demo.stock import StockTracker
from lumira.models import ReservationState
from tests.support.dashboard import Operator, open_browser
from tests.support.factories import Brand, load_stock, open_cart, open_payment, set_stock

COMMON_STEPS = {"opened", "payment_created", "paid", "webhook", "completed", "message_sent"}
_STEP = re.compile(r"^  \d\d:\d\d:\d\d\.\d{3}  +\+\d+\.\d{3} s  (\w+)", re.MULTILINE)


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A folder with a path short enough for a Unix socket in it."""
    directory = Path(tempfile.mkdtemp(prefix="lumira-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def environment(short_directory: Path) -> dict[str, str]:
    """A caller's environment with values that would break the demo if it inherited them."""
    return {
        "PATH": os.defpath,
        "TMPDIR": str(short_directory),
        "LUMIRA_INSTANCE": str(short_directory / "instance"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "WEB_CONCURRENCY": "none",
    }


def _mentioning(text: str) -> list[str]:
    """Command lines of the processes whose arguments or environment contain this text."""
    command_lines = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(text in word for word in words) and process.pid != os.getpid():
            command_lines.append(" ".join(process.cmdline()))
    return command_lines


def test_check_fulfills_all_three_purchases_fills_every_page_and_leaves_nothing_running(
    environment: dict[str, str], short_directory: Path
) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--check"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "Making the sales of the last two weeks ...\n" in completed.stdout
    _, level, cart, refunded, end = re.split(
        r"(?=^\S+, )|(?<=\n)\n(?=All)", completed.stdout, flags=re.MULTILINE
    )
    assert re.match(r"oracle-lumira, level 2: LUM-\S+, 14\.00 EUR, completed\n", level)
    assert re.match(r"boutique, cart on the checkout page: BTQ-\S+, 43\.90 EUR, completed\n", cart)
    assert re.match(r"reboul, bonnet-laine, then refunded: REB-\S+, 33\.90 EUR, refunded\n", refunded)
    for timeline, further_steps in (
        (level, {"granted"}),
        (cart, set()),
        (refunded, {"refund_requested", "refund_succeeded"}),
    ):
        assert set(_STEP.findall(timeline)) >= COMMON_STEPS | further_steps
    assert re.search(
        r"\n  browser: portal opened from the e-mail, intuitive\.pdf downloaded: http://127\.\S+/my/\S+\n",
        level,
    )
    assert re.search(r"\n  receipt: \S+\.pdf\n", level)
    assert "bougie-figuier  on hand 40 → 40 → 39   reserved 0 → 1 → 0   sold 0 → 0 → 1\n" in cart
    assert "savon-lavande   on hand 90 → 90 → 88   reserved 0 → 2 → 0   sold 0 → 0 → 2\n" in cart
    assert "on hand 80 → 80 → 79 → 80   reserved 0 → 1 → 0 → 0   sold 0 → 0 → 1 → 0\n" in refunded
    assert end == "All three purchases were fulfilled.\nEvery page of the dashboard shows something.\n"
    assert _mentioning(str(short_directory)) == []
    assert list(short_directory.glob("lumira-demo-*")) == []


@pytest.mark.usefixtures("app_context")
def test_stock_sold_out_by_earlier_runs_is_added_and_reported(tenant: Brand) -> None:
    set_stock(tenant, "shirt", 1)
    stock = StockTracker(tenant.slug, {"shirt": 2, "cap": 1})

    lines = stock.restock()

    assert lines == [
        f"{tenant.slug} shirt: only 1 available; added 20 units, as `flask stock adjust` does: 21 on hand."
    ]
    assert (load_stock(tenant, "shirt").on_hand, load_stock(tenant, "cap").on_hand) == (21, 50)


@pytest.mark.usefixtures("app_context")
def test_unexpected_stock_changes_are_reported_with_their_product(tenant: Brand) -> None:
    stock = StockTracker(tenant.slug, {"shirt": 3})
    number = open_payment(tenant, "shirt", quantity=3).order_number

    stock.verify(number, ReservationState.RESERVED, "opened")

    message = rf"{number} changed the stock of shirt .* by \(0, 3, 0\), not by \(-3, 0, 3\)\."
    with pytest.raises(DemoFailed, match=message):
        stock.verify(number, ReservationState.SOLD, "paid")
    assert stock.steps == ["opened"]


@pytest.mark.usefixtures("app_context")
def test_the_checkout_page_is_paid_with_its_own_form(tenant: Brand) -> None:
    url = open_cart(tenant).url
    assert url is not None

    with requests.Session() as http:
        with pytest.raises(DemoFailed, match="without a form that offers pm_bitcoin"):
            checkout_page.pay(http, url, method="pm_bitcoin")
        with pytest.raises(DemoFailed, match="did not accept the form: 402"):
            checkout_page.pay(http, url, method="pm_card_visa_chargeDeclined")
        location = checkout_page.pay(http, url, method="pm_card_visa")
        with pytest.raises(DemoFailed, match="without a form"):
            checkout_page.pay(http, url, method="pm_card_visa")

    assert location.startswith("https://")


@pytest.mark.usefixtures("app_context")
def test_the_operator_of_the_demo_signs_in_to_every_brand_after_each_start(
    app: Flask, tenant: Brand, other_tenant: Brand, tmp_path: Path
) -> None:
    installation = Installation(tmp_path, 1, 2)
    first = set_up_operator(installation, [tenant.slug])
    assert set_up_operator(installation, [tenant.slug, other_tenant.slug]) == first
    (tmp_path / "demo-operator.json").unlink()
    second = set_up_operator(installation, [tenant.slug, other_tenant.slug])
    assert second.password != first.password

    [*_, password, code] = describe_operator(installation, second)

    operator = Operator(UUID(int=0), second.email, password.split()[-1], second.secret, [])
    shown = subprocess.run(
        ["/bin/sh", "-c", code.partition("code")[2]], capture_output=True, text=True, check=True
    )
    browser = open_browser(app)
    assert browser.sign_in(operator, code=shown.stdout.strip()).status_code == 303
    for brand in (tenant, other_tenant):
        assert browser.get(f"/dashboard/{brand.slug}").status_code == 200
    assert (tmp_path / "demo-operator.json").stat().st_mode & 0o077 == 0


def test_an_occupied_port_is_reported_with_the_option_that_changes_it() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        with pytest.raises(DemoFailed, match=rf"^Port {port} cannot be used \(.+\): .+ with --port\.$"):
            require_free_port(port, option="--port")


def test_a_failed_child_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path, {}) as processes:
        # Without input there is nothing to decode.
        processes.start("reader", "json.tool")

        with pytest.raises(
            DemoFailed, match=r"(?s)The reader process ended with exit code 1\..*Expecting value"
        ):
            processes.wait_until(lambda: False, what="nothing", within=20)


def test_a_timeout_is_reported_with_what_was_awaited(tmp_path: Path) -> None:
    with (
        Processes(tmp_path, {}) as processes,
        pytest.raises(DemoFailed, match="Timed out waiting for a response"),
    ):
        processes.wait_until(lambda: False, what="a response", within=0)


def test_children_are_stopped_after_an_error(tmp_path: Path) -> None:
    with contextlib.suppress(RuntimeError), Processes(tmp_path, {}) as processes:
        processes.start("web server", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path))
        assert _mentioning(str(tmp_path))
        raise RuntimeError

    assert _mentioning(str(tmp_path)) == []


def test_children_inherit_nothing_from_the_callers_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of a real installation")

    environment = Installation(tmp_path, 1, 2).environment("postgresql://of-the-demo/")

    assert "SECRET_KEY" not in environment
    assert environment["DATABASE_URL"] == "postgresql://of-the-demo/"
    assert environment["LUMIRA_INSTANCE"] == str(tmp_path)
