"""The entries of the audit log that each command, route and job writes, or why it needs none.

Each value has the actions in the audit log, separated by spaces, or is `Harmless` with the reason.
"""


class Harmless(str):
    """Why a command, route or job writes no entry."""

    __slots__ = ()


_READS = Harmless("it changes nothing and shows no more than its reader may see")
_OF_SANDBOX = Harmless("it acts in the sandbox, and on no tenant")
_OF_INSTALLATION = Harmless("it is of the installation, and of no tenant: the log has it")
_OF_BUYER = Harmless("a buyer opens or looks at their own order: the order is the record")
_WAKES = Harmless("it does work that rows ask for: what that work does to an order is audited with the order")

COMMANDS: dict[str, str] = {
    "access give": "access_granted",
    "access restore": "access_restored",
    "access revoke": "access_revoked",
    "access show": _READS,
    "alerts list": _READS,
    "alerts resolve": "alert_resolved",
    "audit show": _READS,
    "audit verify": _READS,
    "catalog apply": "tenant_created tenant_changed product_added product_changed",
    "catalog links": _READS,
    "content list": _READS,
    "content remove": "content_removed",
    "content upload": "content_uploaded",
    "customers erase": "customer_erased",
    "customers export": "customer_exported",
    "customers list": _READS,
    "customers merge": "customer_merged",
    "customers show": _READS,
    "deliverables deliver": "deliverable_delivered",
    "deliverables list": _READS,
    "deliverables start": "deliverable_claimed",
    "deliverables upload": "deliverable_uploaded",
    "demo": Harmless("it makes an installation of its own, which is thrown away"),
    "doctor": _READS,
    "errors list": _READS,
    "errors resolve": _OF_INSTALLATION,
    "errors show": _READS,
    "events list": _READS,
    "events replay": "event_replayed",
    "events show": _READS,
    "images list": _READS,
    "images remove": "image_removed",
    "images upload": "image_uploaded",
    "keys create": "api_key_created",
    "keys list": _READS,
    "keys revoke": "api_key_revoked",
    "keys rotate": "api_key_rotated",
    "links new": "access_link_handed_out",
    "links revoke": "access_links_revoked",
    "links show": _READS,
    "messages preview": _READS,
    "operators create": "operator_invited",
    "operators list": _READS,
    "operators reset": "operator_reset_created",
    "orders address": "order_address_changed",
    "orders cancel": "order_cancelled",
    "orders export": "orders_exported",
    "orders find": _READS,
    "orders note": "order_noted",
    "orders poll": "order_polled",
    "orders refund": "refund_requested order_refunded",
    "orders release": "order_released",
    "orders resend": "message_resent",
    "orders show": _READS,
    "outbox list": _READS,
    "outbox retry": "message_retried",
    "receipts archive": "receipts_archived",
    "receipts attest": _READS,
    "receipts closings": _READS,
    "receipts issue": "receipts_issued",
    "receipts list": _READS,
    "receipts render": _READS,
    "receipts show": _READS,
    "receipts skip": "receipt_numbers_skipped",
    "receipts totals": _READS,
    "receipts verify": _READS,
    "reconcile": _WAKES,
    "sandbox advance": _OF_SANDBOX,
    "sandbox close": _OF_SANDBOX,
    "sandbox dispute": _OF_SANDBOX,
    "sandbox expire": _OF_SANDBOX,
    "sandbox pay": _OF_SANDBOX,
    "sandbox refund": _OF_SANDBOX,
    "secrets rotate": "secrets_encrypted_again",
    "stock adjust": "stock_corrected",
    "stock set": "stock_corrected",
    "stock show": _READS,
    "stock verify": _READS,
    "tenants create": "tenant_created",
    "tenants list": _READS,
    "tenants stripe": "stripe_credentials_set",
    "tenants webhook": "team_webhook_set team_webhook_removed",
    "webhooks setup": "webhook_endpoint_created",
    "withdrawals accept": "withdrawal_accepted",
    "withdrawals list": _READS,
    "withdrawals record": "withdrawal_requested",
    "withdrawals refuse": "withdrawal_refused",
    "worker": Harmless("its jobs are classified one by one"),
}

_API = {
    "DELETE /api/payments/checkout-sessions/<session_id>": "order_cancelled",
    "POST /api/orders/<reference>/deliverables/<deliverable>": "deliverable_delivered",
    "POST /api/orders/<reference>/deliverables/<deliverable>/files": "deliverable_uploaded",
    "POST /api/orders/<reference>/returns": "return_recorded",
    "POST /api/orders/<reference>/shipments": "shipment_recorded",
    "POST /api/orders/<reference>/shipments/<shipment>": "shipment_corrected shipment_delivered shipment_cancelled",
    "POST /api/payments/<payment_intent_id>/refunds": "refund_requested order_refunded",
    "POST /api/payments/checkout-sessions": _OF_BUYER,
    "POST /api/payments/create-payment-intent": _OF_BUYER,
    "POST /api/products/create-payment-intent": _OF_BUYER,
    "POST /api/stripe/create-payment-intent": _OF_BUYER,
    **{
        f"POST /api/{path}": Harmless(
            "it stores an event: what the event does to an order is audited with it"
        )
        for path in (
            "products/webhook",
            "products/webhook/<tenant>",
            "stripe/webhook",
            "stripe/webhook/<tenant>",
            "webhooks/stripe",
            "webhooks/stripe/<tenant>",
        )
    },
}

_OF_BUYERS = {
    "POST /checkout": _OF_BUYER,
    "POST /checkout/<name>": _OF_BUYER,
    "POST /checkout/<slug>/<product_id>": _OF_BUYER,
    "POST /checkout/<slug>/orders/<reference>/hosted": _OF_BUYER,
    "POST /checkout/<slug>/orders/<reference>/pay": _OF_BUYER,
    "POST /my/<token>/orders/<uuid:order_id>/withdrawal": "withdrawal_requested",
    "POST /my/<token>/renewals": "access_link_requested",
    "POST /retractation/<slug>": "withdrawal_link_requested",
    "POST /retractation/<slug>/<token>": "withdrawal_requested",
    "POST /withdrawal/<slug>": "withdrawal_link_requested",
    "POST /withdrawal/<slug>/<token>": "withdrawal_requested",
}

_OF_OPERATORS = {
    "accept/<token>": "operator_joined",
    "account/app": "operator_authenticator_changed",
    "account/password": "operator_password_changed",
    "account/recovery-codes": "operator_recovery_codes_renewed",
    "account/sessions/<uuid:session_id>/end": "operator_session_ended",
    "account/sessions/end-others": "operator_sessions_ended",
    "confirm": Harmless("it confirms who acts: the action that follows has its entry"),
    "language": Harmless("it changes the language of the operator's own pages"),
    "set-up/<token>": "operator_joined operator_reset_used",
    "sign-in": "operator_signed_in",
    "sign-out": "operator_signed_out",
}

_OF_SHOPS = {
    "alerts/<uuid:alert_id>/acknowledge": "alert_acknowledged",
    "alerts/<uuid:alert_id>/resolve": "alert_resolved",
    "audit/verify": "audit_verified",
    "catalog/-/new": "product_added",
    "catalog/<product_id>/contents": "product_changed",
    "catalog/<product_id>/contents/<key>": "content_uploaded",
    "catalog/<product_id>/contents/<key>/remove": "content_removed",
    "catalog/<product_id>/contents/<key>/remove-entry": "product_changed",
    "catalog/<product_id>/contents/<key>/rename": "product_changed",
    "catalog/<product_id>/deliverables": "product_changed",
    "catalog/<product_id>/deliverables/<key>/remove-entry": "product_changed",
    "catalog/<product_id>/deliverables/<key>/rename": "product_changed",
    "catalog/<product_id>/edit": "product_changed",
    "catalog/<product_id>/file-values": "product_changed",
    "catalog/<product_id>/image": "image_uploaded",
    "catalog/<product_id>/image/description": "image_uploaded",
    "catalog/<product_id>/image/remove": "image_removed",
    "catalog/<product_id>/stock/adjust": "stock_corrected",
    "catalog/<product_id>/stock/count": "stock_corrected",
    "customers/<uuid:customer_id>/access": "access_granted",
    "customers/<uuid:customer_id>/access/<product_id>/<change>": "access_revoked access_restored",
    "customers/<uuid:customer_id>/erase": "customer_erased",
    "customers/<uuid:customer_id>/export": "customer_exported",
    "customers/<uuid:customer_id>/links": "access_link_handed_out",
    "customers/<uuid:customer_id>/links/revoke": "access_links_revoked",
    "customers/<uuid:customer_id>/merge": "customer_merged",
    "deliverables/<uuid:deliverable_id>/claim": "deliverable_claimed",
    "deliverables/<uuid:deliverable_id>/deliver": "deliverable_delivered",
    "deliverables/<uuid:deliverable_id>/files": "deliverable_uploaded",
    "deliverables/<uuid:deliverable_id>/return": "deliverable_returned",
    "events/<event_id>/replay": "event_replayed",
    "keys": "api_key_created",
    "keys/<lookup>/revoke": "api_key_revoked",
    "keys/<lookup>/rotate": "api_key_rotated",
    "messages/<uuid:message_id>/resend": "message_resent",
    "messages/retry": "message_retried",
    "orders/<number>/access": "access_granted",
    "orders/<number>/access/<product_id>/<change>": "access_revoked access_restored",
    "orders/<number>/address": "order_address_changed",
    "orders/<number>/cancel": "order_cancelled",
    "orders/<number>/events/<event_id>/replay": "event_replayed",
    "orders/<number>/messages/<uuid:message_id>/resend": "message_resent",
    "orders/<number>/notes": "order_noted",
    "orders/<number>/poll": "order_polled",
    "orders/<number>/refund": "refund_requested order_refunded",
    "orders/<number>/release": "order_released",
    "set-up/check": _READS,
    "set-up/stripe": "webhook_endpoint_created",
    "set-up/test-email": Harmless("it sends an e-mail to the operator who asked for it"),
    "settings/brand": "tenant_changed",
    "settings/domains": "tenant_changed",
    "settings/sales": "tenant_changed",
    "settings/seller": "tenant_changed",
    "settings/team-webhook": "team_webhook_set",
    "settings/team-webhook/remove": "team_webhook_removed",
    "settings/team-webhook/test": Harmless("it posts a test to the webhook that the shop has set"),
    "settings/webhook-secrets": "stripe_credentials_set",
    "settings/webhook-secrets/<uuid:secret_id>/remove": "stripe_credentials_set",
    "team/<uuid:operator_id>/remove": "operator_removed",
    "team/<uuid:operator_id>/role": "operator_role_changed",
    "team/invitations": "operator_invited",
    "team/invitations/<uuid:invitation_id>/revoke": "operator_invitation_revoked",
    "webhooks/<event_id>/replay": "event_replayed",
    "webhooks/replay": "event_replayed",
    "withdrawals/<number>/accept": "withdrawal_accepted",
    "withdrawals/<number>/refuse": "withdrawal_refused",
    "withdrawals/record": "withdrawal_requested",
}

ROUTES: dict[str, str] = {
    **_API,
    **_OF_BUYERS,
    **{f"POST /dashboard/-/{path}": actions for path, actions in _OF_OPERATORS.items()},
    **{f"POST /dashboard/<tenant>/{path}": actions for path, actions in _OF_SHOPS.items()},
}

_REMOVES = Harmless("it removes what is kept for a time only, by the rules of retention")
_SENDS = Harmless("it sends what rows ask for: each message, alert and invitation is the record")

JOBS: dict[str, str] = {
    "close_receipts": Harmless("a closing is the record"),
    "forget_expired_keys": _REMOVES,
    "forget_old_jobs": _REMOVES,
    "poll_orders": "order_repaired order_abandoned",
    "post_alerts": _SENDS,
    "process_events": "order_completed",
    "recover_events": "event_recovered",
    "relay_outbox": _SENDS,
    "release_reservations": "order_repaired order_abandoned",
    "remove_expired": _REMOVES,
    "remove_files": _REMOVES,
    "retry_stalled": _WAKES,
    "seal_chains": Harmless("a link is the record"),
    "send_alerts": _SENDS,
    "send_invitations": _SENDS,
    "send_refunds": "order_refunded refund_refused",
    "store_heads": Harmless("a stored head is the record"),
    "sweep": "order_completed",
    "watch_certificates": Harmless("an alert is the record"),
    "sync_crm": Harmless("the tasks and links are the record"),
    "watch_disks": Harmless("an alert is the record"),
    "sweep_outbox": _SENDS,
}


def written_actions() -> set[str]:
    """The actions of all commands, routes and jobs."""
    return {
        action
        for classified in (COMMANDS, ROUTES, JOBS)
        for actions in classified.values()
        if not isinstance(actions, Harmless)
        for action in actions.split()
    }
