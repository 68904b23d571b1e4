"""What a finding says, by its code: what was found, and how to mend it; the dashboard has each in French."""

from lumira.services.installation.tenant_finding_texts import TENANT_FINDINGS

#: The message and the remedy in English; `None` if nothing is to be done.
FINDINGS: dict[str, tuple[str, str | None]] = {
    # The names of the conditions that `Readiness` checks.
    "database": (
        "It cannot be reached.",
        "Check that PostgreSQL runs, and DATABASE_URL.",
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
        "LUMIRA_ENCRYPTION_KEYS does not decrypt all stored secrets: {number} cannot be read.",
        "Add the key that encrypted them; `flask secrets rotate --dry-run` lists where they are.",
    ),
    "public_url_missing": ("PUBLIC_URL is not set: messages contain no links.", "Set PUBLIC_URL."),
    "stripe_replaced": ("Stripe is replaced: no money moves.", "Unset STRIPE_API_BASE."),
    "rate_limits_off": ("Rate limits are off.", "Unset RATE_LIMITS."),
    "redis_missing": (
        "REDIS_URL is not set: each web process counts rate limits for itself.",
        "Set REDIS_URL if several processes run.",
    ),
    "database_unverified": (
        "DATABASE_URL leads to another machine, and the server need not prove who it is.",
        "Add ?sslmode=verify-full&sslrootcert=system to it, or ?sslmode=disable if the network is trusted.",
    ),
    "settings_valid": ("They are valid, for LUMIRA_ENV={environment}.", None),
    "heartbeat_unreadable": ("Its heartbeat cannot be read.", "Run `flask db upgrade`."),
    "worker_missing": ("No worker runs: events and messages wait.", "Start `flask worker`."),
    "worker_silent": (
        "The last worker was heard {minutes} min ago.",
        "Start `flask worker`, and read its log.",
    ),
    "worker_runs": ("A worker reported {seconds} s ago.", None),
    "retention_runs": ("Old rows were last removed at {at}.", None),
    "retention_new": ("The installation is new: a worker removes old rows once an hour.", None),
    "retention_never_ran": (
        "Old rows were never removed: a worker removes them once an hour.",
        "Start `flask worker`, and read its log.",
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
    "chain_agrees": ("Its chain agrees with the head that was stored on {day}.", None),
    "chain_new": ("Its first head is stored within two nights.", None),
    "chain_late": (
        "No head was stored for two nights: a worker stores one at 3:07 UTC.",
        "Start `flask worker`, and read its log for `store_heads`.",
    ),
    "chain_differs": (
        "Its chain does not agree with the head that was stored on {day}.",
        "`flask {command} verify` names the first link that differs.",
    ),
    "chain_unknown": (
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
    "clock_agrees": ("It differs from Stripe's by {seconds} s.", None),
    "clock_ahead": (
        "It is {seconds} s ahead of Stripe's.",
        "Synchronize this machine's clock (NTP). Stripe's signatures are accepted for five minutes.",
    ),
    "clock_behind": (
        "It is {seconds} s behind Stripe's.",
        "Synchronize this machine's clock (NTP). Stripe's signatures are accepted for five minutes.",
    ),
    "storage_untried": ("There is no tenant to try it with.", None),
    "storage_fails": (
        "A file cannot be stored.",
        "Check S3_BUCKET and its credentials, or the folder's owner and free space.",
    ),
    "storage_differs": ("A file is not what was stored.", "Check the storage service."),
    "storage_works": ("A file was stored, read and removed.", None),
    **TENANT_FINDINGS,
}
