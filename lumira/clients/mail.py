"""Mail that is kept as files, readable by any mail program."""

import os
from email.message import EmailMessage
from pathlib import Path

from lumira.database import refuse_inside_transaction


def keep(message: EmailMessage, directory: Path, name: str) -> Path:
    """Keep the message as `name`.eml, whole or not at all; keeping it again replaces it."""
    refuse_inside_transaction()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.eml"
    draft = path.with_suffix(f".{os.getpid()}.part")
    # For its owner alone: a letter holds the address of a buyer's page.
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path


def remove(path: Path) -> bool:
    """Remove a message that was kept; `False` if it was gone already."""
    refuse_inside_transaction()
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
