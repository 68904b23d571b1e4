"""A running image without a container engine: its own root, read-only, with its own user and environment.

An engine needs cgroups and a network of its own, which many build machines do not allow. What is tested needs neither.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STOP_WITHIN = 90.0
#: Run in a mount namespace of its own. The folder of the database's socket stands in for the network to it.
_SCRIPT = """
set -eu
mount --rbind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount -t tmpfs tmpfs "$ROOT/run"
mkdir "$ROOT/run/postgresql"
mount --bind "$SOCKET" "$ROOT/run/postgresql"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount --bind "$FILES" "$ROOT/var/lib/lumira"
exec chroot --userspec="$OWNER" "$ROOT" /usr/bin/env --ignore-environment --chdir="$FOLDER" "$@"
"""
#: Where a process finds the folder of the database's socket.
SOCKET = "/run/postgresql"


class CommandFailed(Exception):
    """A command ended with an error; the message has its output."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built image, unpacked in `root`, with the configuration that engines read."""

    root: Path
    configuration: dict[str, Any]
    #: The id of its user; a compose file's volume belongs to it.
    user_id: int

    @property
    def command(self) -> list[str]:
        return list(self.configuration["Cmd"])

    @property
    def health_check(self) -> list[str]:
        return list(self.configuration["Healthcheck"]["Test"][1:])


def unpack(name: str) -> Image:
    """Unpack a local image; raises `CalledProcessError` if it does not exist."""
    container = _buildah("from", "--pull-never", name)
    root = Path(_buildah("mount", container))
    configuration = json.loads(_buildah("inspect", container))["Docker"]["config"]
    accounts = (line.split(":") for line in (root / "etc" / "passwd").read_text().splitlines())
    [user_id] = [int(account[2]) for account in accounts if account[0] == configuration["User"]]
    return Image(root, configuration, user_id)


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Stack:
    """What the processes of one image share: the database's socket, the volume, and their settings."""

    image: Image
    socket: Path
    files: Path
    settings: Mapping[str, str]

    def _start(self, command: list[str], **options: Any) -> "subprocess.Popen[str]":
        environment = [
            *self.image.configuration["Env"],
            *(f"{name}={value}" for name, value in self.settings.items()),
        ]
        variables = {
            "PATH": os.environ["PATH"],
            "ROOT": str(self.image.root),
            "SOCKET": str(self.socket),
            "FILES": str(self.files),
            "OWNER": f"{self.image.user_id}:{self.image.user_id}",
            "FOLDER": self.image.configuration["WorkingDir"],
        }
        arguments = ["unshare", "--mount", "sh", "-c", _SCRIPT, "sh", *environment, *command]
        return subprocess.Popen(arguments, env=variables, text=True, start_new_session=True, **options)

    def run(self, *command: str, given: str = "") -> str:
        """Run a command to its end and return its output; raises `CommandFailed`."""
        process = self._start(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = process.communicate(given)
        if process.returncode:
            raise CommandFailed(f"{' '.join(command)}: {output}")
        return output

    @contextmanager
    def running(self, command: list[str], log: Path) -> Iterator[None]:
        """Run a service during the block, and stop it as an engine does."""
        with log.open("w") as output:
            process = self._start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended by itself: {log.read_text()}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_WITHIN)
