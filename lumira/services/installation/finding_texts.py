"""What a finding says, by its code: what was found, and how to mend it; the dashboard has each in French."""

#: The message and the remedy in English; `None` if nothing is to be done.
FINDINGS: dict[str, tuple[str, str | None]] = {
    # The names of the conditions that `Readiness` checks.
    "database": (
        "It cannot be reached.",
        "Check that PostgreSQL runs, and DATABASE_URL; the log has the driver's message.",
    ),
    "write_access": ("It is read-only.", "Point DATABASE_URL to the primary server, or free its disk."),
    "role": ("The session has another role than lumira_app.", "Grant the role to the login of DATABASE_URL."),
    "privileges": (
        "The role cannot read a table.",
        "Restore the privileges: run `flask db upgrade` as the owner.",
    ),
    "migrations": ("A migration is missing.", "Run `flask db upgrade`."),
    "encryption_keys": (
        "LUMIRA_ENCRYPTION_KEYS does not decrypt the stored credentials.",
        "Add the key that encrypted them, or enter them again with `flask tenants stripe`.",
    ),
    "database_works": ("It can be written, and all migrations have run.", None),
    "encryption_keys_work": ("They decrypt every stored credential.", None),
    "public_url_missing": ("PUBLIC_URL is not set: messages contain no links.", "Set PUBLIC_URL."),
    "stripe_replaced": ("Stripe is replaced: no money moves.", "Unset STRIPE_API_BASE."),
    "rate_limits_off": ("Rate limits are off.", "Unset RATE_LIMITS."),
    "redis_missing": (
        "REDIS_URL is not set: each web process counts rate limits for itself.",
        "Set REDIS_URL if several processes run.",
    ),
    "settings_valid": ("They are valid, for {environment}.", None),
    "heartbeat_unreadable": ("Its heartbeat cannot be read.", "Run `flask db upgrade`."),
    "worker_missing": ("No worker runs: events and messages wait.", "Start `flask worker`."),
    "worker_silent": (
        "The last worker was heard {minutes} minutes ago.",
        "Start `flask worker`, and read its log.",
    ),
    "worker_runs": ("A worker reported {seconds} seconds ago.", None),
    "mail_in_files": ("Messages are written to files.", None),
    "mail_not_sent": (
        "Messages are written to files instead of being sent.",
        "Set SMTP_URL to a mail server.",
    ),
    "mail_refused": ("It does not accept the connection.", "Check SMTP_URL."),
    "mail_works": ("It accepts the connection and the login.", None),
    "storage_untried": ("There is no tenant to try it with.", None),
    "storage_fails": (
        "A file cannot be stored.",
        "Check S3_BUCKET and its credentials, or the folder's owner and free space.",
    ),
    "storage_differs": ("A file is not what was stored.", "Check the storage service."),
    "storage_works": ("A file was stored, read and removed.", None),
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
    "account_incomplete": (
        "The account {account} cannot take payments yet.",
        "Complete it in Stripe's Dashboard.",
    ),
    "account_works": ("The account {account} takes payments.", None),
    "publishable_key_set": ("It is set, in the mode of the secret key.", None),
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
    "endpoint_works": ("{endpoint} delivers every acting event to {url}, in version {version}.", None),
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
}
