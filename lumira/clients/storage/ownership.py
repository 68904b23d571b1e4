"""The owner of stored files: the services read what an operator stored as root."""

import os
from pathlib import Path


def match_owner(path: Path, directory: Path) -> None:
    """Give `path` the owner of `directory` if this process is root; another user's files are its own already."""
    if os.geteuid() != 0:
        return
    owner = directory.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def make_directory(directory: Path) -> None:
    """Create the folder and its parents, readable by the owner of the nearest one that exists."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    match_owner(directory, directory.parent)
