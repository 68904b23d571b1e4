"""`flask content …` and `flask deliverables …`, as an operator and an expert type them."""

from pathlib import Path

import pytest

from tests.support.factories import pending_messages
from tests.support.files import MP3, PDF, all_files, audited, buy_promise, contain, kept
from tests.support.refunds import pay, refund
from tests.support.storage import bucket_at, kept_in

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "lecture.pdf"
    path.write_bytes(PDF)
    return path


def refused(app, *arguments: object) -> str:
    """The last line of a command that fails; the log before it has the details."""
    result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert result.exit_code == 1
    return result.stderr.splitlines()[-1]


def test_a_content_file_is_listed_uploaded_and_removed(run_flask, tenant, pdf):
    contain(tenant, "mystique", "carte")
    assert "none yet" in run_flask("content", "list", tenant.slug).stdout

    output = run_flask("content", "upload", tenant.slug, "mystique", "carte", pdf).stdout
    assert output == f"{tenant.slug} mystique carte: lecture.pdf (application/pdf, {len(PDF)} B).\n"
    again = run_flask("content", "upload", tenant.slug, "mystique", "carte", pdf).stdout
    assert "already: nothing was changed" in again
    named = run_flask("content", "upload", tenant.slug, "mystique", "carte", pdf, "--name", "Votre carte.pdf")
    assert "Votre carte.pdf" in named.stdout
    listed = run_flask("content", "list", tenant.slug, "mystique").stdout
    assert "Votre carte.pdf" in listed
    assert "application/pdf" in listed

    assert "is removed" in run_flask("content", "remove", tenant.slug, "mystique", "carte").stdout
    assert "none yet" in run_flask("content", "list", tenant.slug, "mystique").stdout
    run_flask("content", "remove", tenant.slug, "mystique", "carte", code=1)


def test_a_refused_upload_is_one_line(app, run_flask, tenant, pdf, tmp_path):
    contain(tenant, "mystique", "carte")
    wrong = tmp_path / "page.pdf"
    wrong.write_bytes(b"<html>")

    upload = ("content", "upload", tenant.slug, "mystique")
    assert "but its content is of an unknown type" in run_flask(*upload, "carte", wrong, code=1).stderr
    assert "has no content other" in run_flask(*upload, "other", pdf, code=1).stderr
    assert "no product nothing" in run_flask("content", "list", tenant.slug, "nothing", code=1).stderr
    run_flask(*upload, "carte", tmp_path / "missing.pdf", code=2)
    with kept_in(bucket_at("http://127.0.0.1:9")):
        assert refused(app, *upload, "carte", pdf) == "Error: Files cannot be reached at the moment."
    with kept_in(tmp_path / "kept", max_bytes=10):
        assert "larger than 10 bytes" in run_flask(*upload, "carte", pdf, code=1).stderr


def test_a_deliverable_is_listed_started_uploaded_and_delivered(run_flask, tenant, pdf, tmp_path):
    order = buy_promise(tenant, "lecture", "audio")
    number = order.order_number
    listed = run_flask("deliverables", "list", "--tenant", tenant.slug).stdout
    assert listed.count(number) == 2
    assert "to_do" in listed

    assert run_flask("deliverables", "start", number, "lecture").stdout == f"{number} lecture: in_progress.\n"
    output = run_flask("deliverables", "upload", number, "lecture", pdf).stdout
    assert output == f"{number} lecture: lecture.pdf (application/pdf, {len(PDF)} bytes), in_progress.\n"
    assert run_flask("deliverables", "deliver", number, "lecture").stdout == f"{number} lecture: delivered.\n"

    left = run_flask("deliverables", "list", "--tenant", tenant.slug).stdout
    assert (left.count(number), "audio" in left) == (1, True)
    assert (
        "delivered"
        in run_flask("deliverables", "list", "--tenant", tenant.slug, "--state", "delivered").stdout
    )
    of_order = run_flask("deliverables", "list", number).stdout
    assert "lecture.pdf" in of_order
    assert "to_do" in of_order
    assert pending_messages(tenant, order.id).count("deliverable_ready") == 1
    assert kept(all_files(tenant)[0]) == PDF
    assert audited(tenant, "deliverable_delivered")[0].actor == "operator"


def test_an_impossible_delivery_is_one_line(app, run_flask, tenant, tmp_path):
    number = buy_promise(tenant).order_number
    sound = tmp_path / "sound.pdf"
    sound.write_bytes(MP3)

    output = run_flask("deliverables", "deliver", number, "lecture", code=1).stderr
    assert "has no file yet" in output
    assert "it promises: lecture" in run_flask("deliverables", "start", number, "mandala", code=1).stderr
    assert "There is no order" in run_flask("deliverables", "start", "NOTHING-1", "lecture", code=1).stderr
    output = refused(app, "deliverables", "upload", number, "lecture", sound)
    assert output.startswith("Error: The file's extension is")


def test_a_refunded_deliverable_is_withdrawn(run_flask, tenant, pdf):
    buy_promise(tenant)
    paid = pay(tenant)
    refund(tenant, paid)
    number = paid.order_number

    assert number not in run_flask("deliverables", "list", "--tenant", tenant.slug).stdout
    assert f"{number}" in run_flask("deliverables", "list", "--tenant", tenant.slug, "--all").stdout
    assert "withdrawn" in run_flask("deliverables", "list", number).stdout
    output = run_flask("deliverables", "upload", number, "lecture", pdf, code=1).stderr
    assert "it is refunded" in output
