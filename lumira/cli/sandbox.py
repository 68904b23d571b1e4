"""``flask sandbox``: the stand-in for Stripe, and what a bank or a buyer does in it."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import requests

_HOW_TO_USE = """\
Stripe sandbox at {url}
  Point Lumira at it:  STRIPE_API_BASE={url}
  Keys: any sk_test_<name> (six letters, digits or underscores, or more) is an account of its own,
        pk_test_<name> is its publishable twin. Nothing has to be registered first.
  State: {state}
  Stop with Ctrl-C."""


_TIMEOUT_SECONDS = 30


@click.group("sandbox", invoke_without_command=True)
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
@click.pass_context
def sandbox(ctx: click.Context, port: int, host: str, state: Path) -> None:
    """Serve the Stripe sandbox until interrupted, or let something happen in the one that runs."""
    if ctx.invoked_subcommand is None:
        _serve(port, host, state)


def _serve(port: int, host: str, state: Path) -> None:
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


def _of_the_running_one(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which a command finds the running sandbox and the account in it."""
    command = click.option(
        "--url", default="http://127.0.0.1:12111", show_default=True, help="Where the sandbox runs."
    )(command)
    return click.option(
        "--key",
        envvar="STRIPE_SECRET_KEY",
        required=True,
        show_envvar=True,
        help="The account's test key, sk_test_….",
    )(command)


@sandbox.command()
@click.argument("payment_intent")
@click.option("--amount", type=click.IntRange(1), help="Minor units; all that is left unless given.")
@_of_the_running_one
def refund(payment_intent: str, amount: int | None, key: str, url: str) -> None:
    """Refund a payment, as somebody in Stripe's Dashboard would."""
    made = _tell(url, key, "refunds", payment_intent=payment_intent, amount=amount)
    click.echo(f"{made['id']} {made['status']}: {made['amount']} {made['currency']} of {payment_intent}")


@sandbox.command()
@click.argument("payment_intent")
@click.option("--inquiry", is_flag=True, help="The bank only asks; no money moves.")
@click.option("--amount", type=click.IntRange(1), help="Minor units; the whole payment unless given.")
@_of_the_running_one
def dispute(payment_intent: str, *, inquiry: bool, amount: int | None, key: str, url: str) -> None:
    """Dispute a payment, as the buyer's bank would."""
    status = "warning_needs_response" if inquiry else "needs_response"
    made = _tell(url, key, "disputes", payment_intent=payment_intent, amount=amount, status=status)
    click.echo(f"{made['id']} {made['status']}: {made['amount']} {made['currency']} of {payment_intent}")


@sandbox.command()
@click.argument("dispute_id", metavar="DISPUTE")
@click.option("--outcome", required=True, type=click.Choice(("won", "lost", "warning_closed", "prevented")))
@_of_the_running_one
def close(dispute_id: str, outcome: str, key: str, url: str) -> None:
    """Let the bank decide a dispute."""
    closed = _tell(url, key, "disputes/close", dispute=dispute_id, outcome=outcome)
    click.echo(f"{closed['id']} {closed['status']}: {closed['amount']} {closed['currency']}")


@sandbox.command()
@click.argument("session", metavar="CHECKOUT_SESSION")
@click.option("--method", default="pm_card_visa", show_default=True, help="One of Stripe's test names.")
@click.option("--email", help="The buyer's; needed where the session does not know it.")
@_of_the_running_one
def pay(session: str, method: str, email: str | None, key: str, url: str) -> None:
    """Pay a Checkout Session, as its page does."""
    tried = _tell(url, key, f"checkout/sessions/{session}/pay", payment_method=method, email=email)
    if tried["outcome"] == "declined":
        click.echo(f"{session} declined: {tried['error']['message']}")
    elif tried["outcome"] == "requires_action":
        click.echo(f"{session} requires_action: {tried['redirect_url']}")
    else:
        click.echo(_described(tried["session"]))


@sandbox.command()
@click.argument("session", metavar="CHECKOUT_SESSION")
@_of_the_running_one
def expire(session: str, key: str, url: str) -> None:
    """Let a Checkout Session's time be over now."""
    click.echo(_described(_tell(url, key, f"checkout/sessions/{session}/expire")))


def _described(session: dict[str, Any]) -> str:
    state = f"{session['id']} {session['status']}, {session['payment_status']}"
    return f"{state}: {session['amount_total']} {session['currency']}"


@sandbox.command()
@click.argument("seconds", type=click.FloatRange(0))
@_of_the_running_one
def advance(seconds: float, key: str, url: str) -> None:
    """Let time pass for all that waits in the account."""
    passed = _tell(url, key, "advance", seconds=seconds)
    click.echo(f"{seconds:g} s passed; scheduled tasks run: {passed['tasks_run']}.")


def _tell(url: str, key: str, name: str, **sent: Any) -> dict[str, Any]:
    """What the running sandbox answers; a refusal ends the command in one line."""
    if not key.startswith("sk_test_"):
        # Refused here: a live key must not even travel to whatever listens at that address.
        raise click.ClickException("The sandbox takes secret test keys only: sk_test_….")
    given = {field: value for field, value in sent.items() if value is not None}
    try:
        reply = requests.post(
            f"{url.rstrip('/')}/sandbox/{name}",
            json=given,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT_SECONDS,
        )
        answer = dict(reply.json())
    except ValueError as error:
        raise click.ClickException(f"What answers at {url} is not the sandbox.") from error
    except (requests.RequestException, UnicodeError) as error:
        raise click.ClickException(
            f"No sandbox answers at {url}. Start it with `flask sandbox`, or name its --url."
        ) from error
    if not reply.ok:
        raise click.ClickException(str(answer.get("error", {}).get("message", reply.reason)))
    return answer
