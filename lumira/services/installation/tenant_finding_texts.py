"""What a finding about a tenant says, by its code."""

_ADD_PERMISSION = "Add it to the key in Stripe's Dashboard: Developers, API keys, the key, Edit key."

#: The message and the remedy in English; `None` if nothing is to be done.
TENANT_FINDINGS: dict[str, tuple[str, str | None]] = {
    "crm_off": ("It is connected and switched off: nothing is written there.", None),
    "crm_works": ("Sales are written there; {number} records are under way.", None),
    "crm_check_failed": ("The last check found faults.", "Run `flask crm check {slug}`."),
    "crm_fails": (
        "It has accepted nothing since {at}; sales wait, and nothing is lost.",
        "Run `flask crm check {slug}`.",
    ),
    "crm_parked": (
        "{number} records could not be written.",
        "Open Settings, Dolibarr in the dashboard: it says why, and retries.",
    ),
    "crm_late": (
        "{number} records wait to be written, the oldest since {at}.",
        "Check that a worker runs, and run `flask crm check {slug}`.",
    ),
    "key_missing": (
        "This shop has no Stripe key.",
        "Enter the key with `flask tenants stripe {slug} --secret-key -`.",
    ),
    "key_unreadable": (
        "This shop's Stripe credentials cannot be decrypted.",
        "Enter the key with `flask tenants stripe {slug} --secret-key -`.",
    ),
    "key_refused": (
        "Stripe does not accept this shop's key.",
        "Enter another key with `flask tenants stripe {slug} --secret-key -`.",
    ),
    "key_refused_with_reason": (
        "Stripe does not accept this shop's key. Stripe says: {reason}",
        "Enter another key with `flask tenants stripe {slug} --secret-key -`.",
    ),
    "stripe_busy": (
        "Too many calls are waiting for Stripe.",
        "Check again in a minute.",
    ),
    "stripe_fails": (
        "Stripe has a problem at the moment.",
        "Check the network, and https://status.stripe.com.",
    ),
    "stripe_unreachable": (
        "Stripe cannot be reached at the moment.",
        "Check the network, and https://status.stripe.com.",
    ),
    "key_live": ("Stripe accepts it (live mode).", None),
    "key_test": ("Stripe accepts it (test mode).", None),
    "key_live_restricted": ("Stripe accepts it (live mode); it may not read the account.", None),
    "key_test_restricted": ("Stripe accepts it (test mode); it may not read the account.", None),
    "key_has_permissions": ("It has every permission that Lumira uses.", None),
    "key_lacks_payment_intents": (
        "It lacks the permission “{permission}”: no payment can be opened.",
        _ADD_PERMISSION,
    ),
    "key_lacks_checkout_sessions": (
        "It lacks the permission “{permission}”: no cart can be paid.",
        _ADD_PERMISSION,
    ),
    "key_lacks_customers": (
        "It lacks the permission “{permission}”: buyers are no customers at Stripe.",
        _ADD_PERMISSION,
    ),
    "key_lacks_charges": (
        "It lacks the permission “{permission}”: nothing can be refunded.",
        _ADD_PERMISSION,
    ),
    "key_lacks_disputes": (
        "It lacks the permission “{permission}”: disputes cannot be responded to from here.",
        _ADD_PERMISSION,
    ),
    "key_lacks_fraud_warnings": (
        "It lacks the permission “{permission}”: fraud warnings are known from events only.",
        _ADD_PERMISSION,
    ),
    "key_lacks_balance_transactions": (
        "It lacks the permission “{permission}”: the fee of a payment and the lines of payouts stay unknown.",
        _ADD_PERMISSION,
    ),
    "key_lacks_payouts": (
        "It lacks the permission “{permission}”: payouts are not compared with the orders.",
        _ADD_PERMISSION,
    ),
    "key_lacks_events": (
        "It lacks the permission “{permission}”: events that no webhook delivers are found later.",
        _ADD_PERMISSION,
    ),
    "key_lacks_webhook_endpoints": (
        "It lacks the permission “{permission}”: `flask webhooks setup` cannot set up the endpoint.",
        _ADD_PERMISSION,
    ),
    "key_lacks_domains": (
        "It lacks the permission “{permission}”: domains cannot be registered for wallets.",
        _ADD_PERMISSION,
    ),
    "account_incomplete": (
        "The account {account} cannot take payments yet.",
        "Complete it in Stripe's Dashboard.",
    ),
    "account_works": ("The account {account} takes payments.", None),
    "publishable_key_set": ("It is set, in the mode of the secret key.", None),
    "modes_mixed": (
        "It is of the other mode than the secret key: one is live, the other a test key.",
        "Enter both with `flask tenants stripe {slug} --secret-key - --publishable-key -`.",
    ),
    "publishable_key_missing_at_checkout": (
        "It is missing: the checkout page sells on Stripe's page instead of with the Payment Element.",
        "Enter it with `flask tenants stripe {slug} --publishable-key -`.",
    ),
    "publishable_key_missing": (
        "It is missing: pages with Stripe.js cannot take payments.",
        "Enter it with `flask tenants stripe {slug} --publishable-key -`.",
    ),
    "endpoint_of_platform": (
        "The tenant is a Connect account: the platform's endpoint receives its events.",
        None,
    ),
    "endpoint_unknown": ("Its address is unknown.", "Set PUBLIC_URL."),
    "endpoint_unlisted": (
        "The key may not list endpoints ({permission}).",
        "Allow it to read webhook endpoints, or check the Dashboard.",
    ),
    "endpoint_missing": (
        "No endpoint delivers to {url}: events are only polled.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "endpoint_works": (
        "{endpoint} delivers every event that Lumira handles to {url}, in version {version}.",
        None,
    ),
    "endpoint_disabled": (
        "{endpoint} is disabled: nothing is delivered.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "endpoint_secret_missing": (
        "The signing secret of {endpoint} is not stored: every delivery is refused.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "endpoint_events_missing": (
        "{endpoint} does not deliver {events}.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "endpoint_version": (
        "{endpoint} has the API version {found}, not {version}.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "delivery_accepted": ("The newest delivery was verified at {at}.", None),
    "delivery_none": ("Stripe has delivered nothing yet.", None),
    "delivery_refused": (
        "The newest delivery was refused at {at}: no stored secret fits its signature.",
        "Run `flask webhooks setup {slug}`. If the endpoint's line is ok, another program has sent it.",
    ),
    "delivery_missing": (
        "None of the newest events was delivered: fetched from Stripe instead, {number}.",
        "Run `flask webhooks setup {slug}`, and check the public address.",
    ),
    "domains_missing": ("There is no public domain to register for wallets.", None),
    "domains_unlisted": (
        "The key may not list payment method domains ({permission}).",
        "Allow it to read them, or check the Dashboard.",
    ),
    "domain_unregistered": (
        "{host} is not registered for payment methods: its pages show no wallets.",
        "Run `flask webhooks setup {slug}`.",
    ),
    "apple_pay_inactive": (
        "Apple Pay is not active on {host}: no reason given",
        "Check that the domain leads to Lumira over HTTPS.",
    ),
    "apple_pay_inactive_with_reason": (
        "Apple Pay is not active on {host}: {reason}",
        "Check that the domain leads to Lumira over HTTPS.",
    ),
    "domain_registered": ("{host} is registered for payment methods.", None),
    "public_works": ("A signed delivery to {url} arrived here.", None),
    "public_tls": (
        "{url} has no certificate that is accepted.",
        "Renew the certificate, and check that it has this name and its intermediate certificates.",
    ),
    "public_timeout": (
        "{url} did not reply in time.",
        "Check the proxy, the firewall, and that the web server runs.",
    ),
    "public_unreachable": (
        "{url} cannot be reached.",
        "Check its DNS record, the proxy, and that PUBLIC_URL is the address that buyers use.",
    ),
    "public_redirects": (
        "{url} redirects: Stripe follows no redirect.",
        "Set PUBLIC_URL to the address that the redirect leads to, or remove it.",
    ),
    "public_other": (
        "{url} replied, and the delivery did not arrive here: another installation has this address.",
        "Point the DNS record or the proxy to this installation, or correct PUBLIC_URL or DATABASE_URL.",
    ),
    "public_signature": (
        "{url} did not accept the signature: a proxy changes the body, or another installation has this address.",
        "Let the proxy pass the body of a request unchanged, and check that PUBLIC_URL leads to this installation.",
    ),
    "public_status": (
        "{url} replied {status} instead of 200.",
        "Check that the proxy passes this path, and read the log of the web server.",
    ),
}
