"""``flask sandbox``: the stand-ins for Stripe and Dolibarr, and commands that act as a bank or a buyer in it."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import requests

_HOW_TO_USE = """\
Stripe sandbox at {url}
  Settings for Lumira:  STRIPE_API_BASE={url}
  Keys: every sk_test_<name> is an account of its own, pk_test_<name> is its publishable key.
        A name has at least six characters (a-z, A-Z, 0-9, underscore). No registration is needed.
  A Dolibarr of its own is at every {url}/dolibarr/<name>,
        with the API key sync-<name>, or admin-<name> of an administrator.
  State: {state}
  Stop with Ctrl-C."""


_TIMEOUT_SECONDS = 30


@click.group("sandbox", invoke_without_command=True)
@click.option(
    "--port", default=12111, show_default=True, type=click.IntRange(0, 65535), help="0 selects a free port."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--state",
    default=Path("instance/sandbox"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the state, which persists between runs.",
)
@click.pass_context
def sandbox(ctx: click.Context, port: int, host: str, state: Path) -> None:
    """Serve the Stripe sandbox until interrupted, or act in the running one with a subcommand.

    Example: flask sandbox --port 12111
    """
    if ctx.invoked_subcommand is None:
        _serve(port, host, state)


def _serve(port: int, host: str, state: Path) -> None:
    # Imported here because the SDK's types load slowly and no other command needs them.
    from lumira.sandbox.server import SandboxServer  # noqa: PLC0415

    stop_requested = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop_requested.set())
    server = SandboxServer(state, host=host, port=port)
    try:
        server.start()
    except OSError as error:
        raise click.ClickException(f"Cannot serve on {host}:{port}: {error.strerror or error}.") from error
    click.echo(_HOW_TO_USE.format(url=server.url, state=state))
    stop_requested.wait()
    server.stop()


def _account_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select the running sandbox and the account in it."""
    command = click.option(
        "--url", default="http://127.0.0.1:12111", show_default=True, help="URL of the running sandbox."
    )(command)
    return click.option(
        "--key",
        envvar="STRIPE_SECRET_KEY",
        required=True,
        show_envvar=True,
        help="The account's secret test key, sk_test_….",
    )(command)


@sandbox.command()
@click.argument("payment_intent")
@click.option("--amount", type=click.IntRange(1), help="Minor units; by default the remaining amount.")
@_account_options
def refund(payment_intent: str, amount: int | None, key: str, url: str) -> None:
    """Refund a payment, as in Stripe's Dashboard.

    Example: flask sandbox refund pi_3abc --amount 400
    """
    refunded = _call_sandbox(url, key, "refunds", payment_intent=payment_intent, amount=amount)
    click.echo(_describe_part(refunded, payment_intent))


@sandbox.command()
@click.argument("payment_intent")
@click.option("--inquiry", is_flag=True, help="Open an inquiry, which moves no money.")
@click.option("--amount", type=click.IntRange(1), help="Minor units; by default the whole payment.")
@_account_options
def dispute(payment_intent: str, *, inquiry: bool, amount: int | None, key: str, url: str) -> None:
    """Dispute a payment, as the buyer's bank does.

    Example: flask sandbox dispute pi_3abc --inquiry
    """
    status = "warning_needs_response" if inquiry else "needs_response"
    opened = _call_sandbox(url, key, "disputes", payment_intent=payment_intent, amount=amount, status=status)
    click.echo(_describe_part(opened, payment_intent))


@sandbox.command("warn")
@click.argument("payment_intent")
@_account_options
def warn(payment_intent: str, *, key: str, url: str) -> None:
    """Report a payment as probably fraudulent, as the issuer of the buyer's card does.

    Example: flask sandbox warn pi_3abc
    """
    warning = _call_sandbox(url, key, "fraud_warnings", payment_intent=payment_intent)
    click.echo(f"{warning['id']} {warning['fraud_type']}: {payment_intent}")


def _describe_part(refund_or_dispute: dict[str, Any], payment_intent: str) -> str:
    amount = f"{refund_or_dispute['amount']} {refund_or_dispute['currency']}"
    return f"{refund_or_dispute['id']} {refund_or_dispute['status']}: {amount} of {payment_intent}"


@sandbox.command()
@click.argument("dispute_id", metavar="DISPUTE")
@click.option(
    "--outcome",
    required=True,
    type=click.Choice(("won", "lost", "warning_closed", "prevented")),
    help="The decision.",
)
@_account_options
def close(dispute_id: str, outcome: str, key: str, url: str) -> None:
    """Close a dispute with the bank's decision.

    Example: flask sandbox close du_1abc --outcome won
    """
    closed = _call_sandbox(url, key, "disputes/close", dispute=dispute_id, outcome=outcome)
    click.echo(f"{closed['id']} {closed['status']}: {closed['amount']} {closed['currency']}")


@sandbox.command()
@click.argument("session", metavar="CHECKOUT_SESSION")
@click.option("--method", default="pm_card_visa", show_default=True, help="A test payment method of Stripe.")
@click.option("--email", help="The buyer's e-mail address; required if the session has none.")
@_account_options
def pay(session: str, method: str, email: str | None, key: str, url: str) -> None:
    """Pay a Checkout Session, as its page does.

    Example: flask sandbox pay cs_test_abc --method pm_card_chargeDeclined
    """
    result = _call_sandbox(url, key, f"checkout/sessions/{session}/pay", payment_method=method, email=email)
    if result["outcome"] == "declined":
        click.echo(f"{session} declined: {result['error']['message']}")
    elif result["outcome"] == "requires_action":
        click.echo(f"{session} requires_action: {result['redirect_url']}")
    else:
        click.echo(_describe_session(result["session"]))


@sandbox.command()
@click.argument("session", metavar="CHECKOUT_SESSION")
@_account_options
def expire(session: str, key: str, url: str) -> None:
    """Expire a Checkout Session now.

    Example: flask sandbox expire cs_test_abc
    """
    click.echo(_describe_session(_call_sandbox(url, key, f"checkout/sessions/{session}/expire")))


def _describe_session(session: dict[str, Any]) -> str:
    status = f"{session['id']} {session['status']}, {session['payment_status']}"
    return f"{status}: {session['amount_total']} {session['currency']}"


@sandbox.command()
@click.argument("seconds", type=click.FloatRange(0))
@_account_options
def advance(seconds: float, key: str, url: str) -> None:
    """Advance time for the account's scheduled tasks, deliveries and expiry.

    Example: flask sandbox advance 3600
    """
    result = _call_sandbox(url, key, "advance", seconds=seconds)
    click.echo(f"Advanced by {seconds:g} s; scheduled tasks run: {result['tasks_run']}.")


def _call_sandbox(url: str, key: str, name: str, **sent: Any) -> dict[str, Any]:
    """Call a control route of the running sandbox; return its JSON response.

    Raises `click.ClickException` with a one-line message for an error.
    """
    if not key.startswith("sk_test_"):
        # Rejected here, because a live key must not be sent to an unknown server.
        raise click.ClickException("The sandbox accepts secret test keys only: sk_test_….")
    body = {field: value for field, value in sent.items() if value is not None}
    try:
        reply = requests.post(
            f"{url.rstrip('/')}/sandbox/{name}",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT_SECONDS,
        )
        response = dict(reply.json())
    except ValueError as error:
        raise click.ClickException(f"The server at {url} is not the sandbox.") from error
    except (requests.RequestException, UnicodeError) as error:
        raise click.ClickException(
            f"No sandbox is running at {url}. Start it with `flask sandbox`, or set --url."
        ) from error
    if not reply.ok:
        raise click.ClickException(str(response.get("error", {}).get("message", reply.reason)))
    return response
