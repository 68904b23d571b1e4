"""The `flask` command line: one file for each command group, imported when the command runs."""

import errno
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

from config.settings import SettingsError
from lumira.encryption import DecryptionError
from lumira.errors import LumiraError

#: Name of each command and where it is defined.
_COMMANDS = {
    "access": "lumira.cli.access:access",
    "alerts": "lumira.cli.alerts:alerts",
    "catalog": "lumira.cli.catalog:catalog",
    "content": "lumira.cli.content:content",
    "customers": "lumira.cli.privacy:customers",
    "deliverables": "lumira.cli.deliverables:deliverables",
    "demo": "lumira.cli.demo:demo",
    "events": "lumira.cli.events:events",
    "keys": "lumira.cli.keys:keys",
    "links": "lumira.cli.links:links",
    "messages": "lumira.cli.messages:messages",
    "orders": "lumira.cli.orders:orders",
    "outbox": "lumira.cli.outbox:outbox",
    "receipts": "lumira.cli.receipts:receipts",
    "reconcile": "lumira.cli.reconcile:reconcile",
    "sandbox": "lumira.cli.sandbox:sandbox",
    "stock": "lumira.cli.stock:stock",
    "tenants": "lumira.cli.tenants:tenants",
    "worker": "lumira.cli.worker:worker",
}


#: Commands that run until they are stopped, and whose output is their log.
_LONG_RUNNING = ("demo", "sandbox", "worker")


class CommandLine(AppGroup):
    """Lumira's commands, beside those of Flask and its extensions.

    A command is imported when it runs, so that a web process imports none of them. An error that an operator can
    correct ends a command with one line and exit code 1.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # The context passes the command's exception to its resources before Click prints a traceback.
        ctx.with_resource(_errors_in_one_line())
        address = _COMMANDS.get(cmd_name)
        if address is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = address.partition(":")
        if find_spec(module) is None:
            # A deployment may leave out what only development needs, such as the demo.
            return None
        command: click.Command = getattr(import_module(module), name)
        if cmd_name not in _LONG_RUNNING:
            ctx.with_resource(_only_warnings_logged())
        return command


@contextmanager
def _only_warnings_logged() -> Iterator[None]:
    """Suppress information in the log: a short command reports in its output and in the audit log."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.setLevel(before)


#: Errors of a full disk, quota or file size limit, on the file or terminal that a command writes to.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _print_any_character() -> None:
    """Let a terminal that is not UTF-8 show an escape in place of a character that it does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Send what is left of the output nowhere: Python would report the full disk once more when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    _print_any_character()
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        _discard_output()
        raise click.ClickException(f"The output cannot be written: {error.strerror}.") from error
    except (LumiraError, SettingsError, DecryptionError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        # Imported here because only a failing database needs it.
        from lumira.cli.database import explain  # noqa: PLC0415

        explanation = explain(error)
        if explanation is None:
            raise
        raise click.ClickException(explanation) from error


def register(app: Flask) -> None:
    """Register the commands with the application without importing them."""
    app.cli = CommandLine(name=app.cli.name, commands=app.cli.commands)
