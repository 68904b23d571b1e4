"""``flask sandbox``: the stand-in for Stripe, until it is told to stop."""

import signal
import threading
from pathlib import Path

import click

_HOW_TO_USE = """\
Stripe sandbox at {url}
  Point Lumira at it:  STRIPE_API_BASE={url}
  Keys: any sk_test_<name> (six letters, digits or underscores, or more) is an account of its own,
        pk_test_<name> is its publishable twin. Nothing has to be registered first.
  State: {state}
  Stop with Ctrl-C."""


@click.command("sandbox")
@click.option(
    "--port", default=12111, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--state",
    default=Path("instance/sandbox"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory that keeps what happened between two runs.",
)
def sandbox(port: int, host: str, state: Path) -> None:
    """Serve the Stripe sandbox until interrupted."""
    # Imported here: the SDK's types take a while to load, and no other command needs them.
    from lumira.sandbox.server import SandboxServer  # noqa: PLC0415

    told_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told_to_stop.set())
    server = SandboxServer(state, host=host, port=port)
    try:
        server.start()
    except OSError as error:
        raise click.ClickException(f"Cannot serve on {host}:{port}: {error.strerror or error}.") from error
    click.echo(_HOW_TO_USE.format(url=server.url, state=state))
    told_to_stop.wait()
    server.stop()
