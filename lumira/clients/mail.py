"""E-mails that are stored as .eml files, where no mail server is configured and for previews."""

import os
from email.message import EmailMessage
from pathlib import Path

from lumira.clients.storage.ownership import make_directory, match_owner
from lumira.database import refuse_inside_transaction


def save_message(message: EmailMessage, directory: Path, name: str) -> Path:
    """Store the message as `name`.eml atomically, replacing an existing file; return its path."""
    refuse_inside_transaction()
    make_directory(directory)
    path = directory / f"{name}.eml"
    draft = path.with_suffix(f".{os.getpid()}.part")
    # Readable by the owner only: a message contains the link to a buyer's portal.
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    match_owner(draft, directory)
    draft.replace(path)
    return path


def remove_message(path: Path) -> bool:
    """Remove a stored message; `False` if it did not exist."""
    refuse_inside_transaction()
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
