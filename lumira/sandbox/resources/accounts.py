"""``/v1/account``: the account that the key belongs to."""

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes

routes = Routes()
_NOTHING_DUE: Object = {
    "alternatives": [], "current_deadline": None, "currently_due": [], "disabled_reason": None, "errors": [],
    "eventually_due": [], "past_due": [], "pending_verification": [],
}  # fmt: skip


@routes.add("GET", "/v1/account", params.AccountRetrieveCurrentParams)
def retrieve(call: Call) -> Object:
    """Return the caller's own account; whether charges are enabled is a setting."""
    name = call.account.settings.get("name", "sandbox")
    return {
        "id": call.account.id,
        "object": "account",
        "business_profile": {"mcc": None, "name": name, "product_description": None, "support_address": None,
                             "support_email": None, "support_phone": None, "support_url": None, "url": None},
        "business_type": None,
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": call.account.settings.get("charges_enabled", True),
        "controller": {"type": "account"},
        "country": "FR",
        "created": call.account.settings.get("created", call.account.now),
        "default_currency": "eur",
        "details_submitted": True,
        "email": f"{name}@example.com",
        "external_accounts": {"object": "list", "data": [], "has_more": False,
                              "url": f"/v1/accounts/{call.account.id}/external_accounts"},
        "future_requirements": _NOTHING_DUE,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": _NOTHING_DUE,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": "LUMIRA"},
            "dashboard": {"display_name": name, "timezone": "Europe/Paris"},
            "payments": {"statement_descriptor": "LUMIRA"},
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }  # fmt: skip
