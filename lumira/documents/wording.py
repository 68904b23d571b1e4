"""The texts of documents in each language."""

from lumira.models import Language, Receipt, ReceiptKind

#: The texts of documents by language.
WORDS: dict[Language, dict[str, str]] = {
    Language.FRENCH: {
        "receipt": "Reçu",
        "credit_note": "Avoir",
        "test": "DOCUMENT DE TEST : aucun paiement réel, sans valeur",
        "number": "Numéro",
        "issued": "Date d'émission",
        "moved_sale": "Payé le",
        "moved_return": "Remboursement du",
        "moved_cancelled_return": "Remboursement échoué le",
        "order": "Commande",
        "corrects_return": "Se rapporte au reçu",
        "corrects_cancelled_return": "Annule l'avoir",
        "buyer": "Client",
        "erased": "Sans mention",
        "seller": "Vendeur",
        "registration": "Immatriculation :",
        "vat_number": "N° TVA :",
        "item": "Désignation",
        "quantity": "Quantité",
        "unit_price": "Prix unitaire",
        "line_amount": "Montant",
        "difference": "Différence de montant acceptée",
        "discount": "Remise, code {}",
        "item_sale": "",
        "item_return": "Remboursement : ",
        "item_cancelled_return": "Remboursement échoué : ",
        "terms": "Conditions générales de vente acceptées, version {}",
        "immediate_delivery": (
            "Le client a demandé l'accès immédiat au contenu numérique et reconnu qu'il perd ainsi son droit de"
            " rétractation."
        ),
        "net": "Total hors taxes",
        "vat": "TVA",
        "total_sale": "Total payé",
        "total_return": "Total remboursé",
        "total_cancelled_return": "Total remis en compte",
    },
    Language.ENGLISH: {
        "receipt": "Receipt",
        "credit_note": "Credit note",
        "test": "TEST DOCUMENT: no real payment, not valid",
        "number": "Number",
        "issued": "Issued on",
        "moved_sale": "Paid on",
        "moved_return": "Refund of",
        "moved_cancelled_return": "Refund failed on",
        "order": "Order",
        "corrects_return": "Refers to receipt",
        "corrects_cancelled_return": "Cancels credit note",
        "buyer": "Customer",
        "erased": "Not stated",
        "seller": "Seller",
        "registration": "Registration:",
        "vat_number": "VAT number:",
        "item": "Item",
        "quantity": "Quantity",
        "unit_price": "Unit price",
        "line_amount": "Amount",
        "difference": "Accepted difference in amount",
        "discount": "Discount, code {}",
        "item_sale": "",
        "item_return": "Refund: ",
        "item_cancelled_return": "Failed refund: ",
        "terms": "Terms and conditions accepted, version {}",
        "immediate_delivery": (
            "The customer asked for access to the digital content at once, and acknowledged that the right of"
            " withdrawal is thereby lost."
        ),
        "net": "Total excluding VAT",
        "vat": "VAT",
        "total_sale": "Total paid",
        "total_return": "Total refunded",
        "total_cancelled_return": "Total charged again",
    },
}


def form_of(receipt: Receipt) -> str:
    """Return the form of the texts that differ between a sale, a refund and a failed refund."""
    if receipt.kind is ReceiptKind.CREDIT_NOTE:
        return "return"
    return "cancelled_return" if receipt.corrects_label else "sale"


def title_of(kind: ReceiptKind, label: str, language: Language) -> str:
    return f"{WORDS[language][str(kind)]} {label}"
