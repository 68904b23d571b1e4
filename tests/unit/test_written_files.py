"""What a command says if it cannot write its file."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lumira.cli.common.files import new_file

_NO_ONE = pwd.getpwnam("nobody")


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which this process may not write."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NO_ONE.pw_uid)
    yield folder
    if is_root:
        os.seteuid(0)


def test_a_folder_that_the_user_cannot_write_is_explained(closed_folder: Path) -> None:
    path = closed_folder / "receipts.zip"
    user = pwd.getpwuid(os.geteuid()).pw_name
    with pytest.raises(click.ClickException) as raised, new_file(path):
        pass
    assert raised.value.message == (
        f"{path}: Permission denied. The command runs as user {user}: choose a folder that it can write."
    )


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "receipts.zip"
    path.write_text("kept")
    with pytest.raises(click.ClickException, match="exists already and is not overwritten"), new_file(path):
        pass
    assert path.read_text() == "kept"
