"""The sentences of which a response to a dispute is drafted, in both languages. An operator corrects the draft."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from lumira.models import Language, MessageKind, RefundStatus

FRENCH = {
    "line": "{units} × {name}, {amount} l’unité ({kind}).",
    "digital": "contenu numérique",
    "physical": "objet expédié",
    "granted": "{at}  Accès à « {name} » ouvert au compte de {email}.",
    "link": "{at}  Lien personnel vers les achats créé pour {email}.",
    "delivered": "{at}  « {name} », réalisé pour l’acheteur, mis à sa disposition.",
    "paid": "Commande {number}, payée {amount} le {at} (paiement {payment}).",
    "receipt": "Reçu {label}, {amount}, émis le {at}.",
    "credit_note": "Avoir {label}, {amount}, émis le {at}.",
    "message": "E-mail « {kind} » envoyé à {email} le {at}.",
    "refund": "Remboursement {refund} de {amount} le {at} : {status}.",
    "no_refund": "Rien n’a été remboursé.",
    "withdrawal": "L’acheteur s’est rétracté le {at} : {decision}.",
    "terms": "Avant de payer, le {at}, l’acheteur a accepté les conditions de vente, version {version}{url}.",
    "immediate": (
        "Il a aussi demandé l’accès immédiat au contenu, et reconnu qu’il renonce ainsi à son droit de rétractation."
    ),
}
ENGLISH = {
    "line": "{units} × {name}, {amount} each ({kind}).",
    "digital": "digital content",
    "physical": "goods that are shipped",
    "granted": "{at}  Access to “{name}” granted to the account of {email}.",
    "link": "{at}  Personal link to the purchases created for {email}.",
    "delivered": "{at}  “{name}”, made for the buyer, delivered to them.",
    "paid": "Order {number}, paid {amount} on {at} (payment {payment}).",
    "receipt": "Receipt {label}, {amount}, issued on {at}.",
    "credit_note": "Credit note {label}, {amount}, issued on {at}.",
    "message": "E-mail “{kind}” sent to {email} on {at}.",
    "refund": "Refund {refund} of {amount} on {at}: {status}.",
    "no_refund": "Nothing was refunded.",
    "withdrawal": "The buyer withdrew on {at}: {decision}.",
    "terms": "Before paying, on {at}, the buyer accepted the terms of sale, version {version}{url}.",
    "immediate": (
        "They also asked for immediate access, and acknowledged that the right of withdrawal ends with it."
    ),
}
SENTENCES = {Language.FRENCH: FRENCH, Language.ENGLISH: ENGLISH}

#: The messages that show what the buyer knew; the others are about links and attempts.
MESSAGES: dict[MessageKind, tuple[str, str]] = {
    MessageKind.ORDER_CONFIRMATION: ("confirmation de commande", "order confirmation"),
    MessageKind.ORDER_SHIPPED: ("colis expédié", "parcel shipped"),
    MessageKind.DELIVERABLE_READY: ("réalisation disponible", "work delivered"),
    MessageKind.ORDER_REFUNDED: ("remboursement", "refund"),
    MessageKind.WITHDRAWAL_ACKNOWLEDGED: ("rétractation reçue", "withdrawal received"),
    MessageKind.WITHDRAWAL_REFUSED: ("rétractation refusée", "withdrawal refused"),
}
REFUNDS: dict[RefundStatus, tuple[str, str]] = {
    RefundStatus.PENDING: ("en cours", "pending"),
    RefundStatus.REQUIRES_ACTION: ("en cours", "pending"),
    RefundStatus.SUCCEEDED: ("effectué", "made"),
    RefundStatus.FAILED: ("échoué", "failed"),
    RefundStatus.CANCELED: ("annulé", "canceled"),
}
DECISIONS = {
    None: ("à décider", "not decided yet"),
    "accepted": ("acceptée", "accepted"),
    "refused": ("refusée", "refused"),
}


def word(pair: tuple[str, str], language: Language) -> str:
    """Return the word of a pair of French and English."""
    french, english = pair
    return french if language is Language.FRENCH else english
