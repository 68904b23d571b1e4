"""The `flask` command line: one file for each command group, imported when the command runs."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from uuid import uuid4

import click
from flask import Flask
from flask.cli import AppGroup, NoAppException, ScriptInfo


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command that is not imported yet."""

    #: Module and name.
    address: str
    #: The first sentence of its help, for the list of commands.
    summary: str


_COMMANDS = {
    "access": _Entry("lumira.cli.access:access", "Access of customers to digital products."),
    "accounting": _Entry("lumira.cli.accounting:accounting", "Files for the accountant, and their check."),
    "alerts": _Entry("lumira.cli.alerts:alerts", "Problems that need an operator."),
    "audit": _Entry(
        "lumira.cli.audit:audit", "The audit log: who did what, and the proof that it is unchanged."
    ),
    "catalog": _Entry("lumira.cli.catalog:catalog", "The products of a tenant."),
    "content": _Entry("lumira.cli.content:content", "Files that all buyers of a product get."),
    "crm": _Entry("lumira.cli.crm_differences:crm", "The connection of a tenant to Dolibarr."),
    "customers": _Entry("lumira.cli.privacy:customers", "Customers, by e-mail address."),
    "db": _Entry("lumira.cli.migrations:db", "Perform database migrations."),
    "deliverables": _Entry(
        "lumira.cli.deliverables:deliverables", "Work that is made for individual buyers."
    ),
    "demo": _Entry(
        "lumira.cli.demo:demo",
        "Run Lumira on this machine, make a purchase at each of three brands, and serve until Ctrl-C.",
    ),
    "doctor": _Entry(
        "lumira.cli.doctor:doctor", "Check the installation and each tenant, and name the remedies."
    ),
    "errors": _Entry("lumira.cli.errors:errors", "Unexpected errors of the program, by kind."),
    "events": _Entry("lumira.cli.events:events", "Stripe's events and their processing."),
    "images": _Entry("lumira.cli.images:images", "Images of products."),
    "keys": _Entry("lumira.cli.keys:keys", "API keys of tenants."),
    "links": _Entry("lumira.cli.links:links", "Links to the portal of a buyer."),
    "messages": _Entry("lumira.cli.messages:messages", "Previews of messages to buyers and to the team."),
    "operators": _Entry("lumira.cli.operators:operators", "People who sign in to the dashboard."),
    "orders": _Entry("lumira.cli.orders:orders", "Orders and decisions about them."),
    "outbox": _Entry("lumira.cli.outbox:outbox", "Pending, sent and dead messages."),
    "payouts": _Entry("lumira.cli.payouts:payouts", "Payouts of Stripe, and what does not match the orders."),
    "promotions": _Entry("lumira.cli.promotions:promotions", "Promotion codes of a tenant."),
    "receipts": _Entry("lumira.cli.receipts:receipts", "Receipts and credit notes."),
    "reconcile": _Entry(
        "lumira.cli.reconcile:reconcile",
        "Poll Stripe for what no webhook delivered, and print what was found.",
    ),
    "returns": _Entry("lumira.cli.returns:returns", "Goods that came back."),
    "sandbox": _Entry(
        "lumira.cli.sandbox:sandbox",
        "Serve the Stripe sandbox until interrupted, or act in the running one with a subcommand.",
    ),
    "secrets": _Entry("lumira.cli.secrets:secrets", "The encryption of stored secrets."),
    "shipments": _Entry("lumira.cli.shipments:shipments", "Goods to ship, and parcels."),
    "stock": _Entry("lumira.cli.stock:stock", "Stock of physical products, in units."),
    "tenants": _Entry("lumira.cli.tenant_moves:tenants", "Brands and their Stripe credentials."),
    "webhooks": _Entry("lumira.cli.webhooks:webhooks", "The webhook endpoints of tenants at Stripe."),
    "withdrawals": _Entry(
        "lumira.cli.withdrawals:withdrawals", "Withdrawals of buyers, and decisions about them."
    ),
    "worker": _Entry(
        "lumira.cli.worker:worker",
        "Process events and send messages until SIGTERM, which lets the current batch finish.",
    ),
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
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        if not _is_installed(entry):
            return None
        module, _, name = entry.address.partition(":")
        command: click.Command = getattr(import_module(module), name)
        if cmd_name not in _LONG_RUNNING:
            # Imported here, because `flask --help` needs no log.
            from lumira.logging import tracebacks_only  # noqa: PLC0415

            ctx.with_resource(tracebacks_only())
            ctx.with_resource(_with_an_id())
        return command


def _is_installed(entry: _Entry) -> bool:
    """Whether the command exists: a deployment may leave out what only development needs, such as the demo."""
    return find_spec(entry.address.partition(":")[0]) is not None


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
    except click.ClickException:
        raise
    except Exception as error:
        # Imported here, because `flask --help` needs neither the database nor the encryption.
        from lumira.cli.expected_errors import explain  # noqa: PLC0415

        explanation = explain(error)
        if explanation is None:
            _note(error)
            raise
        raise click.ClickException(explanation) from error


def _note(error: Exception) -> None:
    """Store an error of the program; the traceback is printed in any case."""
    from lumira.services.program_errors.note_errors import Place, note_at  # noqa: PLC0415

    context = click.get_current_context()
    script = context.find_object(ScriptInfo)
    if script is not None:
        with suppress(NoAppException), script.load_app().app_context():
            note_at(Place(f"flask {context.invoked_subcommand or context.info_name}"), error)


def _with_an_id() -> AbstractContextManager[None]:
    """Give the log lines and audit entries of one command an id, as those of a request have."""
    import structlog  # noqa: PLC0415 - `flask --help` needs no log

    return structlog.contextvars.bound_contextvars(request_id=f"cli-{uuid4().hex}")


def is_command(name: str) -> bool:
    """Whether this is a command of Lumira's, which serves no HTTP, and not one of Flask's or of an extension's."""
    return name in _COMMANDS


def list_only() -> Flask:
    """Return an application with the list of commands, for `flask --help`, and nothing else."""
    app = Flask("lumira", static_folder=None)
    summaries = {name: entry.summary for name, entry in _COMMANDS.items() if _is_installed(entry)}
    # Registered by an extension, which is not imported for the list.
    summaries["openapi"] = "OpenAPI commands."
    for name, summary in summaries.items():
        app.cli.add_command(click.Command(name, help=summary))
    return app


def register(app: Flask) -> None:
    """Register the commands with the application without importing them."""
    app.cli = CommandLine(name=app.cli.name, commands=app.cli.commands)
