"""Customers are listed, shown and merged by an operator."""

import json

import pytest

from lumira.services.customers.view_customers import view_customer
from tests.support import refunds
from tests.support.factories import BUYER
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

OLD, NEW = "old@example.com", "new@example.com"


def test_customers_are_listed_with_their_figures(run_flask, tenant):
    pay(tenant, customer_name="Ana", locale="en")

    listed = run_flask("customers", "list", "--tenant", tenant.slug).stdout.splitlines()

    assert listed[0].split() == [
        "TENANT",
        "EMAIL",
        "NAME",
        "LOCALE",
        "ORDERS",
        "SPENT",
        "LAST",
        "ORDER",
        "STATUS",
    ]
    assert listed[1].startswith(f"{tenant.slug}  {BUYER}  Ana   en      1       47.00 EUR")
    assert listed[1].endswith("active")


def test_a_customer_is_shown_with_figures_and_grants(run_flask, tenant):
    opened = pay(tenant, customer_name="Ana", locale="fr")
    refunds.refund(tenant, opened, 700)

    account = run_flask("customers", "show", BUYER.upper(), "--tenant", tenant.slug).stdout

    assert account.startswith(f"{BUYER}  active\n")
    for line in (
        "name        Ana",
        "language    fr",
        "orders      1",
        "spent       40.00 EUR",
        f"mystique  active  paid  order {opened.order_number}",
    ):
        assert f"  {line}\n" in account
    assert f"  at Stripe   {view_customer(tenant.id, BUYER).customer.stripe_customer_id}\n" in account


def test_as_json_the_figures_have_the_names_of_the_api(run_flask, tenant):
    pay(tenant, "intuitive")

    shown = json.loads(run_flask("customers", "show", BUYER, "--tenant", tenant.slug, "--json").stdout)

    assert (shown["totalOrders"], shown["totalSpent"]) == (1, {"eur": 1400})
    assert shown["subscriptionStatus"] == "active"
    assert shown["lastOrderAt"].endswith("Z")
    assert (shown["merged"], shown["grants"][0]["level"]) == ([], 2)


def test_an_unknown_customer_is_one_line(run_flask, tenant):
    output = run_flask("customers", "show", "unknown@example.com", "--tenant", tenant.slug, code=1).stderr
    assert output == f"Error: {tenant.slug} has no customer unknown@example.com.\n"
    output = run_flask("customers", "show", "unknown@nowhere.example", code=1).stderr
    assert output == "Error: No tenant has a customer unknown@nowhere.example.\n"


def test_an_address_of_several_tenants_requires_the_tenant(run_flask, tenant, other_tenant):
    address = f"shared-{tenant.slug}@example.com"
    for brand in (tenant, other_tenant):
        pay(brand, customer_email=address)

    output = run_flask("customers", "show", address, code=1).stderr
    assert "choose one with --tenant" in output
    assert tenant.slug in output
    assert other_tenant.slug in output


def test_two_customers_are_merged(run_flask, tenant):
    pay(tenant, customer_email=OLD)
    pay(tenant, customer_email=NEW)
    merge = ("customers", "merge", OLD, NEW, "--tenant", tenant.slug)

    output = run_flask(*merge).stdout
    assert output == f"{OLD} is merged into {NEW}: 1 order moved.\n"
    shown = run_flask("customers", "show", OLD, "--tenant", tenant.slug).stdout
    assert shown.startswith(f"{NEW}  active\n")
    assert f"also        {OLD}, merged" in shown
    assert "merged into another customer before" in run_flask(*merge, code=1).stderr


def test_customers_of_two_brands_are_not_merged(run_flask, tenant, other_tenant):
    source, target = f"a-{tenant.slug}@example.com", f"b-{tenant.slug}@example.com"
    pay(tenant, customer_email=source)
    pay(other_tenant, customer_email=target)

    output = run_flask("customers", "merge", source, target, code=1).stderr

    assert "tenants share no customers" in output
    assert view_customer(tenant.id, source).customer.email == source
