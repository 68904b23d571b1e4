"""The demo, from nothing to three served purchases, and what it says when something is in its way."""

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

import psutil
import pytest
import requests

from config.settings import ROOT
from lumira.cli.demo import hosted_page
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation, require_free_port
from lumira.cli.demo.processes import Processes
from lumira.cli.demo.shelf import Shelf
from lumira.models import ReservationState
from tests.support.factories import Brand, load_stock, open_cart, open_payment, set_stock

STORY = {"opened", "payment_opened", "paid", "webhook", "completed", "message_sent"}
_STEP = re.compile(r"^  \d\d:\d\d:\d\d\.\d{3}  +\+\d+\.\d{3} s  (\w+)", re.MULTILINE)


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A folder whose name leaves room for that of a Unix socket."""
    directory = Path(tempfile.mkdtemp(prefix="lumira-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def environment(short_directory: Path) -> dict[str, str]:
    """A caller's environment that would lead astray whoever listened to it."""
    return {
        "PATH": os.defpath,
        "TMPDIR": str(short_directory),
        "LUMIRA_INSTANCE": str(short_directory / "instance"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "WEB_CONCURRENCY": "none",
    }


def _mentioning(text: str) -> list[str]:
    """Command lines of the processes that were started with or work on something of this name."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(text in word for word in words) and process.pid != os.getpid():
            found.append(" ".join(process.cmdline()))
    return found


def test_check_serves_all_three_purchases_and_leaves_nothing_running(
    environment: dict[str, str], short_directory: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--check"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    _, level, cart, refunded_again, end = re.split(
        r"(?=^\S+, )|(?<=\n)\n(?=All)", done.stdout, flags=re.MULTILINE
    )
    assert re.match(r"oracle-lumira, level 2: LUM-\S+, 14\.00 EUR, completed\n", level)
    assert re.match(r"boutique, a cart on the hosted page: BTQ-\S+, 39\.00 EUR, completed\n", cart)
    assert re.match(r"reboul, bonnet-laine, then refunded: REB-\S+, 29\.00 EUR, refunded\n", refunded_again)
    for story, more in (
        (level, {"granted"}),
        (cart, set()),
        (refunded_again, {"refund_asked", "refund_succeeded"}),
    ):
        assert set(_STEP.findall(story)) >= STORY | more
    assert re.search(
        r"\n  browser: the link in the letter opened, intuitive\.pdf downloaded: http://127\.\S+/my/\S+\n",
        level,
    )
    assert re.search(r"\n  receipt: \S+\.pdf\n", level)
    assert "bougie-figuier  on hand 40 → 40 → 39   reserved 0 → 1 → 0   sold 0 → 0 → 1\n" in cart
    assert "savon-lavande   on hand 90 → 90 → 88   reserved 0 → 2 → 0   sold 0 → 0 → 2\n" in cart
    assert "on hand 80 → 80 → 79 → 80   reserved 0 → 1 → 0 → 0   sold 0 → 0 → 1 → 0\n" in refunded_again
    assert end == "All three purchases were served.\n"
    assert _mentioning(str(short_directory)) == []
    assert list(short_directory.glob("lumira-demo-*")) == []


@pytest.mark.usefixtures("app_context")
def test_a_shelf_that_other_starts_have_emptied_is_filled_and_the_operator_told(tenant: Brand) -> None:
    set_stock(tenant, "shirt", 1)
    shelf = Shelf(tenant.slug, {"shirt": 2, "cap": 1})

    told = shelf.restock()

    assert told == [
        f"{tenant.slug} shirt: only 1 available, so 20 more were put down, as with `flask stock adjust`: 21 on hand."
    ]
    assert (load_stock(tenant, "shirt").on_hand, load_stock(tenant, "cap").on_hand) == (21, 50)


@pytest.mark.usefixtures("app_context")
def test_pieces_that_did_not_move_as_they_should_are_named(tenant: Brand) -> None:
    shelf = Shelf(tenant.slug, {"shirt": 3})
    number = open_payment(tenant, "shirt", quantity=3).order_number

    shelf.prove(number, ReservationState.RESERVED, "opened")

    with pytest.raises(DemoFailed, match=rf"{number} moved \(0, 3, 0\) .* of shirt .*, not \(-3, 0, 3\)\."):
        shelf.prove(number, ReservationState.SOLD, "paid")
    assert shelf.moments == ["opened"]


@pytest.mark.usefixtures("app_context")
def test_the_hosted_page_is_paid_by_its_own_form(tenant: Brand) -> None:
    url = open_cart(tenant).url
    assert url is not None

    with requests.Session() as http:
        with pytest.raises(DemoFailed, match="no form that offers pm_bitcoin"):
            hosted_page.pay(http, url, method="pm_bitcoin")
        with pytest.raises(DemoFailed, match="did not take the payment: 402"):
            hosted_page.pay(http, url, method="pm_card_visa_chargeDeclined")
        location = hosted_page.pay(http, url, method="pm_card_visa")
        with pytest.raises(DemoFailed, match="and no form"):
            hosted_page.pay(http, url, method="pm_card_visa")

    assert location.startswith("https://")


def test_a_taken_port_is_named_together_with_the_option_that_helps() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(DemoFailed, match=rf"^Port {port} cannot be used \(.+\): .+ with --port\.$"):
            require_free_port(port, option="--port")


def test_a_child_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path, {}) as processes:
        # Without input there is nothing to decode.
        processes.start("reader", "json.tool")

        with pytest.raises(DemoFailed, match=r"(?s)The reader ended with exit code 1\..*Expecting value"):
            processes.wait_until(lambda: False, what="nothing", within=20)


def test_what_takes_too_long_is_named(tmp_path: Path) -> None:
    with Processes(tmp_path, {}) as processes, pytest.raises(DemoFailed, match="too long for an answer"):
        processes.wait_until(lambda: False, what="an answer", within=0)


def test_children_are_ended_whatever_happens(tmp_path: Path) -> None:
    with contextlib.suppress(RuntimeError), Processes(tmp_path, {}) as processes:
        processes.start("web server", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path))
        assert _mentioning(str(tmp_path))
        raise RuntimeError

    assert _mentioning(str(tmp_path)) == []


def test_nothing_of_the_callers_environment_reaches_the_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of a real installation")

    environment = Installation(tmp_path, 1, 2).environment("postgresql://of-the-demo/")

    assert "SECRET_KEY" not in environment
    assert environment["DATABASE_URL"] == "postgresql://of-the-demo/"
    assert environment["LUMIRA_INSTANCE"] == str(tmp_path)
