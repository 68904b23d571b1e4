"""`flask doctor` in tests: its report, and restricted keys that it checks."""

import json
from typing import Any

from flask import Flask

from lumira.database import atomic
from lumira.repositories.tenants import stripe_accounts, tenants
from tests.support import stripe_sandbox
from tests.support.factories import Brand

#: What a restricted key of the sandbox needs for everything.
PERMITTED = (
    "account:read",
    "balance_transactions:read",
    "charges:read",
    "checkout_sessions:write",
    "customers:write",
    "disputes:write",
    "early_fraud_warnings:read",
    "events:read",
    "payment_intents:write",
    "payment_method_domains:write",
    "payouts:read",
    "refunds:write",
    "webhook_endpoints:write",
)


def report(app: Flask, brand: Brand) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(args=["doctor", "--json", "--tenant", brand.slug])
    printed: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (printed["status"] == "fault"), result.output
    return printed


def codes(app: Flask, brand: Brand) -> dict[str, list[str]]:
    """Run `flask doctor --json` for the tenant; return the codes of the findings, by line."""
    found: dict[str, list[str]] = {}
    for finding in report(app, brand)["findings"]:
        found.setdefault(finding["line"], []).append(finding["code"])
    return found


def restrict(brand: Brand, permissions: list[str]) -> None:
    """Let the tenant use a restricted key with these permissions."""
    created = stripe_sandbox.call(brand, "POST", "/sandbox/keys", json={"permissions": permissions})
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.get(brand.id), secret_key=created["key"])
