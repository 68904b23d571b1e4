"""`payment_intent.succeeded` events with the size and structure of Stripe's.

The JSON is built once and the ids are replaced in it, because creating 10,000 events must not take longer than
delivering them.
"""

import json
from dataclasses import dataclass
from typing import Any

from lumira.clients.stripe_client import API_VERSION
from tests.support import stripe_events

#: The size in bytes of such an event of Stripe's with a shop's own metadata.
REAL_SIZE = range(7_000, 8_500)
_AMOUNT_DETAILS = {
    "discount_amount": 0,
    "error": None,
    "line_items": {"data": [], "has_more": False, "object": "list", "url": "/v1/line_items"},
    "shipping": {"amount": 0, "from_postal_code": None, "to_postal_code": None},
    "tax": {"total_tax_amount": 0},
    "tip": {},
}
_SHIPPING = {
    "address": {
        "city": "Aix-en-Provence",
        "country": "FR",
        "line1": "27 avenue des Belges",
        "line2": "Bâtiment C, 3e étage",
        "postal_code": "13100",
        "state": "Provence-Alpes-Côte d'Azur",
    },
    "carrier": None,
    "name": "Camille Dubois-Lefebvre",
    "phone": "+33612345678",
    "tracking_number": None,
}


@dataclass(frozen=True, slots=True)
class Paid:
    """The ids that differ between events."""

    event_id: str
    payment_intent_id: str
    order_number: str


def encode(paid: Paid) -> bytes:
    """Return the body of the event: indented JSON, as Stripe sends it."""
    text = _TEXT.replace("@event@", paid.event_id).replace("@intent@", paid.payment_intent_id)
    return text.replace("@order@", paid.order_number).encode()


def _text() -> str:
    text = json.dumps(_event(), indent=2)
    if len(text) not in REAL_SIZE:
        raise ValueError(f"The event has {len(text)} bytes, which is not the size of a real one.")
    return text


def _event() -> dict[str, Any]:
    return stripe_events.event(
        "payment_intent.succeeded",
        _intent(),
        id="@event@",
        api_version=API_VERSION,
        pending_webhooks=1,
        request={"id": "req_9bXKzqWm2LrT4f", "idempotency_key": "lumira-order-@order@-1"},
    )


def _intent() -> dict[str, Any]:
    return stripe_events.payment_intent(
        id="@intent@",
        status="succeeded",
        amount_details=_AMOUNT_DETAILS,
        application=None,
        application_fee_amount=None,
        cancellation_reason=None,
        client_secret="@intent@_secret_8Zq4mXrT2LbK9sVwYc1dPfNhJ",
        customer="cus_TqX3mB7rLw2ZkP",
        customer_account=None,
        description="Oracle Lumira - Niveau Mystique",
        excluded_payment_method_types=None,
        hooks={"inputs": {"tax": None}},
        latest_charge="ch_@order@",
        metadata=_metadata(),
        on_behalf_of=None,
        payment_details={"customer_reference": None, "order_reference": "@order@"},
        payment_method="pm_1TqX4mB7rLw2ZkPn3RsVtYu0",
        payment_method_configuration_details={"id": "pmc_1TqX4mB7rLw2ZkPnR8sVtYu", "parent": None},
        payment_method_options=_method_options(),
        payment_method_types=sorted(_method_options()),
        presentment_details={"presentment_amount": 4700, "presentment_currency": "eur"},
        processing=None,
        receipt_email="camille.dubois-lefebvre@example.com",
        review=None,
        setup_future_usage=None,
        shipping=_SHIPPING,
        source=None,
        statement_descriptor=None,
        statement_descriptor_suffix="MYSTIQUE",
        transfer_data=None,
        transfer_group="group_@order@",
    )


def _metadata() -> dict[str, str]:
    """Return Lumira's metadata and what a shop's own pages add."""
    page = "https://www.oracle-lumira.example/fr/niveaux/mystique"
    return {
        "productId": "mystique",
        "productName": "Niveau Mystique",
        "level": "",
        "customerEmail": "camille.dubois-lefebvre@example.com",
        "orderNumber": "@order@",
        "tenant": "oracle-lumira",
        "source": "products",
        "timestamp": "2026-11-02T09:41:27.318Z",
        "requestId": "0f6d9c1be7584a3a9e2b7c4d5f60718a",
        "landingPage": f"{page}?utm_source=newsletter&utm_medium=email&utm_campaign=novembre-2026&utm_content=bouton",
        "referrer": "https://www.example.com/search?q=oracle+lumira+niveau+mystique+avis",
        "firstVisitAt": "2026-10-29T18:22:05.000Z",
        "visitorId": "a1f0c5d2-6f0e-4b7f-9a3c-2f8f6f0f9a11",
        "userAgent": (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/19.1 Mobile/15E148 Safari/604.1"
        ),
        "locale": "fr-FR",
        "consent": "terms-2026-09;privacy-2026-09;newsletter",
        "giftMessage": (
            "Pour toi, en souvenir de notre été à la mer. Prends le temps de lire, respire, et écris-moi ce que tu "
            "auras trouvé dans ces pages. Je t'embrasse, et à très vite autour d'un thé. Et si le cœur t'en dit, "
            "garde une place pour la suite : il y a encore trois niveaux à ouvrir, et autant de soirées."
        ),
        "coupon": "",
        "cart": (
            '[{"sku":"mystique","name":"Niveau Mystique","qty":1,"price":4700,"vat":20,"gift":true,'
            '"image":"https://cdn.oracle-lumira.example/mystique/couverture-1200x800.webp"}]'
        ),
        "clickId": "Cj0KCQiA4L67BhDUARIsADWrl7G3kPz9sQmXvT2bYwR8nLcJd5fHgKaE1oIuV6tZxNyM0qWrSpBhAlCeDfGjUvXw",
    }


def _method_options() -> dict[str, Any]:
    card = {
        "capture_method": None,
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_extended_authorization": None,
        "request_incremental_authorization": None,
        "request_multicapture": None,
        "request_overcapture": None,
        "request_three_d_secure": "automatic",
        "require_cvc_recollection": None,
        "setup_future_usage": None,
        "statement_descriptor_suffix_kana": None,
        "statement_descriptor_suffix_kanji": None,
    }
    return {
        "alma": {"capture_method": None},
        "amazon_pay": {
            "capture_method": None,
            "express_checkout_element_session_id": None,
            "setup_future_usage": None,
        },
        "bancontact": {"preferred_language": "fr", "setup_future_usage": None},
        "billie": {"capture_method": None},
        "card": card,
        "customer_balance": {"bank_transfer": None, "funding_type": None, "setup_future_usage": None},
        "eps": {"setup_future_usage": None},
        "ideal": {"setup_future_usage": None},
        "klarna": {"capture_method": None, "preferred_locale": "fr-FR", "setup_future_usage": None},
        "mb_way": {"setup_future_usage": None},
        "mobilepay": {"capture_method": None, "setup_future_usage": None},
        "multibanco": {"setup_future_usage": None},
        "paypal": {
            "capture_method": None,
            "preferred_locale": "fr-FR",
            "reference": None,
            "setup_future_usage": None,
        },
        "revolut_pay": {"capture_method": None, "setup_future_usage": None},
        "satispay": {"capture_method": None},
        "link": {"capture_method": None, "persistent_token": None, "setup_future_usage": None},
        "sepa_debit": {"mandate_options": {}, "setup_future_usage": None, "target_date": None},
    }


_TEXT = _text()
