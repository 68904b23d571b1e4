"""What a finding says, by its code: what was found, and how to mend it; the dashboard has each in French."""

_ADD_PERMISSION = "Add it to the key in Stripe's Dashboard: Developers, API keys, the key, Edit key."

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
    "database_version": ("PostgreSQL {version} runs.", None),
    "database_version_old": (
        "PostgreSQL {version} is too old.",
        "Upgrade the server to PostgreSQL {oldest} or later.",
    ),
    "encryption_keys_work": ("They decrypt the stored secrets.", None),
    "secrets_unreadable": (
        "LUMIRA_ENCRYPTION_KEYS does not decrypt {number} stored secrets.",
        "Add the key that encrypted them; `flask secrets rotate --dry-run` lists where they are.",
    ),
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
    "retention_runs": ("Old rows were last removed at {at}.", None),
    "retention_never_ran": (
        "Old rows were never removed: a worker removes them once an hour.",
        "Check again in an hour; then read the log of `flask worker`.",
    ),
    "retention_late": (
        "Old rows were last removed at {at}; a worker removes them once an hour.",
        "Start `flask worker`, and read its log.",
    ),
    "retention_failed": (
        "Removing old rows failed at {at}.",
        "Read the log of `flask worker` for `remove_expired`.",
    ),
    "reservations_end": ("No reservation has ended without its units being released or sold.", None),
    "reservations_overdue": (
        "Units are still reserved although their reservation has ended.",
        "Start `flask worker`, and check that Stripe responds: it polls an order there before its units are released.",
    ),
    "audit_agrees": ("Its chain agrees with the head that was stored on {day}.", None),
    "audit_new": ("Its first head is stored within two nights.", None),
    "audit_late": (
        "No head was stored for two nights: a worker stores one at 3:07 UTC.",
        "Start `flask worker`, and read its log for `store_audit_heads`.",
    ),
    "audit_differs": (
        "Its chain does not agree with the head that was stored on {day}.",
        "`flask audit verify` names the first link that differs.",
    ),
    "audit_unknown": (
        "Its stored head cannot be read.",
        "Check the storage, and then again.",
    ),
    "mail_in_files": ("Messages are written to files.", None),
    "mail_not_sent": (
        "Messages are written to files instead of being sent.",
        "Set SMTP_URL to a mail server.",
    ),
    "mail_refused": ("It does not accept the connection.", "Check SMTP_URL."),
    "mail_works": ("It accepts the connection and the login.", None),
    "sender_accepted": (
        "It accepts messages from {sender}. SPF, DKIM and DMARC were not looked up.",
        "Check the DNS records of {domain} once: the Authentication-Results of a test e-mail must be pass.",
    ),
    "sender_refused": (
        "It does not accept messages from {sender}.",
        "Set MAIL_FROM to an address of a domain that the mail server may send for.",
    ),
    "sender_mailbox_refused": (
        "It accepts {sender} as sender, but delivers no replies to it.",
        "Create this mailbox, or check that the mail server may send to other hosts.",
    ),
    "redis_works": ("It responds.", None),
    "redis_fails": (
        "It does not respond: each web process counts rate limits for itself.",
        "Check that Redis runs, and REDIS_URL.",
    ),
    "disk_free": ("{free} of {total} GB are free.", None),
    "disk_low": (
        "{free} of {total} GB are free: less than a tenth, or than one GB.",
        "Free space, or enlarge the disk.",
    ),
    "clock_agrees": ("It differs from Stripe's by {seconds} seconds.", None),
    "clock_ahead": (
        "It is {seconds} seconds ahead of Stripe's.",
        "Synchronize this machine's clock (NTP). Stripe's signatures are accepted for five minutes.",
    ),
    "clock_behind": (
        "It is {seconds} seconds behind Stripe's.",
        "Synchronize this machine's clock (NTP). Stripe's signatures are accepted for five minutes.",
    ),
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
        "It lacks the permission “{permission}”: disputes are known from webhooks only.",
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
    "delivery_accepted": ("The newest delivery was verified at {at}.", None),
    "delivery_none": ("Stripe has delivered nothing yet.", None),
    "delivery_refused": (
        "The newest delivery was refused at {at}: no stored secret fits its signature.",
        "Run `flask webhooks setup {slug}`. If the endpoint's line is ok, another program has sent it.",
    ),
    "delivery_missing": (
        "The newest {number} events were fetched from Stripe, and none was delivered.",
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
}
