"""Sample orders and alerts for previews of messages."""

from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

from lumira.domain.goods.carriers import tracking_page
from lumira.models import (
    Alert,
    AlertKind,
    Dispute,
    DisputeStatus,
    Language,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    Refund,
    RefundOrigin,
    RefundStatus,
    Shipment,
    Tenant,
    Withdrawal,
    WithdrawalVia,
)
from lumira.notifications.alert_texts import text_for
from lumira.notifications.draft import Draft

#: Every message that can be previewed.
KINDS = (*(str(kind) for kind in MessageKind), "alert", "operator_invitation")

_AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
_LINK = "https://example.com/my/sample"
_SET_UP = "https://example.com/dashboard/-/set-up/sample"


def sample_tenant() -> Tenant:
    """Return a tenant with the default colours."""
    return Tenant(slug="sample", name="Lumira", currency="eur", order_prefix="LUM", time_zone="Europe/Paris")


def draft(kind: str, language: Language, tenant: Tenant) -> Draft:
    """Return a message of this kind from this tenant about a sample order."""
    return Draft(
        tenant=tenant,
        kind=kind,
        language=language,
        to=Address(addr_spec="buyer@example.com"),
        identity=f"sample-{kind}-{language}",
        at=_AT,
        values={"order": _order(tenant), **_values(kind, language, tenant)},
        reply_to="support@example.com"
        if kind in list(MessageKind) and kind != MessageKind.DISPUTE_ALERT
        else None,
    )


def _values(kind: str, language: Language, tenant: Tenant) -> dict[str, object]:
    match kind:
        case MessageKind.ORDER_CONFIRMATION:
            return {
                "access_url": _LINK,
                "promised": ["PDF 15p", "Audio 25 min"],
                "image_ids": {},
                "sent_to": ["Camille Durand", "8 rue de la Paix", "75002 Paris", "France"],
                "withdrawal_until": _AT.date() + timedelta(days=16),
                "withdrawal_url": "https://example.com/retractation/sample",
            }
        case MessageKind.PAYMENT_FAILED | MessageKind.TRANSFER_NOT_RECEIVED:
            return {"shop_url": "https://example.com/"}
        case MessageKind.ORDER_REFUNDED:
            return {"refund": _refund(tenant), "origin": RefundOrigin.REQUESTED}
        case MessageKind.REFUND_FAILED:
            return {"refund": _refund(tenant)}
        case MessageKind.ACCESS_READY:
            return {"access_url": _LINK, "names": ["Intégrale"]}
        case MessageKind.ACCESS_LINK:
            return {"access_url": _LINK, "ends_at": _AT + timedelta(days=90)}
        case MessageKind.DELIVERABLE_READY:
            return {"access_url": _LINK, "title": "Audio 25 min"}
        case MessageKind.DISPUTE_ALERT:
            return {"dispute": _dispute(tenant), "is_inquiry": False}
        case "alert":
            return _alert_values(tenant, language)
        case _:
            return _values_about_goods(kind)


def _values_about_goods(kind: str) -> dict[str, object]:
    match kind:
        case MessageKind.ORDER_SHIPPED:
            return {
                "shipment": _shipment(),
                "carrier": "Colissimo",
                "items": ["Bougie figuier"],
                "is_partial": True,
                "sent_to": ["Camille Durand", "8 rue de la Paix", "75002 Paris", "France"],
                "access_url": _LINK,
            }
        case MessageKind.WITHDRAWAL_LINK:
            return {"withdrawal_url": "https://example.com/retractation/sample/link", "requested_at": _AT}
        case MessageKind.WITHDRAWAL_ACKNOWLEDGED:
            due_at = _AT + timedelta(days=14)
            return {"withdrawal": _withdrawal(), "items": ["Bougie figuier"], "refund_due_at": due_at}
        case MessageKind.WITHDRAWAL_REFUSED:
            return {"withdrawal": _withdrawal(), "items": ["Bougie figuier"], "access_url": _LINK}
        case _:
            # The variables of an invitation to the team.
            return {"set_up_url": _SET_UP, "role": "expert", "ends_at": _AT + timedelta(days=3)}


def _order(tenant: Tenant) -> Order:
    lines = [
        OrderLine(product_id="integrale", product_name="Intégrale", quantity=1, unit_amount=4900),
        OrderLine(product_id="bougie-figuier", product_name="Bougie figuier", quantity=2, unit_amount=2400),
    ]
    return Order(
        order_number=f"{tenant.order_prefix}-7Q2MZX41KD",
        customer_email="buyer@example.com",
        amount=9700,
        currency=tenant.currency,
        status=OrderStatus.COMPLETED,
        lines=lines,
        shipping_zone="France",
        shipping_amount=0,
        shipping_address={
            "name": "Camille Durand",
            "line1": "8 rue de la Paix",
            "postal_code": "75002",
            "city": "Paris",
            "country": "FR",
        },
        consents={"terms": "2026-11", "terms_url": "https://example.com/terms", "immediate_delivery": True},
    )


def _withdrawal() -> Withdrawal:
    return Withdrawal(
        via=WithdrawalVia.PORTAL,
        reason="Je préfère un autre parfum.",
        requested_at=_AT,
        confirmed_at=_AT + timedelta(minutes=2),
        decision_note="Cette bougie a été personnalisée pour vous.",
    )


def _shipment() -> Shipment:
    number = "6A12345678901"
    return Shipment(
        carrier="colissimo",
        tracking_number=number,
        tracking_url=tracking_page("colissimo", number),
        shipped_at=_AT,
    )


def _refund(tenant: Tenant) -> Refund:
    return Refund(
        stripe_refund_id="re_sample", amount=9700, currency=tenant.currency, status=RefundStatus.SUCCEEDED
    )


def _dispute(tenant: Tenant) -> Dispute:
    return Dispute(
        stripe_dispute_id="du_sample",
        amount=9700,
        currency=tenant.currency,
        status=DisputeStatus.NEEDS_RESPONSE,
        reason="fraudulent",
        due_at=_AT + timedelta(days=9),
    )


def _alert_values(tenant: Tenant, language: Language) -> dict[str, object]:
    alert = Alert(
        kind=AlertKind.PAYMENT_MISMATCH,
        subject=f"{tenant.order_prefix}-7Q2MZX41KD",
        details={},
        raised_at=_AT,
    )
    return {
        "others": [f"{tenant.order_prefix}-3K8RZN52AB"],
        "alert": alert,
        "text": text_for(alert.kind, language),
        "details": [("reason", "amount_mismatch")],
    }
