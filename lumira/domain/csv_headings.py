"""The headings of the CSV files of the accounting export, in both languages."""

from enum import StrEnum

from lumira.models import Language


class CsvFile(StrEnum):
    """The CSV files of the accounting export."""

    #: One line for each receipt and credit note.
    SALES = "sales"
    #: One line for each movement of the balance at Stripe, with its fee.
    MOVEMENTS = "movements"
    PAYOUTS = "payouts"
    #: Receipts and credit notes of each day by VAT rate.
    TOTALS = "totals"


HEADINGS = {
    (CsvFile.SALES, Language.FRENCH): (
        *("Date", "Numéro", "Type", "Commande", "Montant TTC", "Montant HT", "TVA", "Taux de TVA", "Devise"),
        *("Pays", "Rectifie", "Objet chez Stripe"),
    ),
    (CsvFile.SALES, Language.ENGLISH): (
        *(
            "Date",
            "Number",
            "Kind",
            "Order",
            "Amount with VAT",
            "Amount without VAT",
            "VAT",
            "VAT rate",
            "Currency",
        ),
        *("Country", "Corrects", "Object at Stripe"),
    ),
    (CsvFile.MOVEMENTS, Language.FRENCH): (
        *(
            "Date",
            "Type",
            "Commande",
            "Objet chez Stripe",
            "Transaction",
            "Montant",
            "Frais",
            "dont TVA",
            "Net",
        ),
        *("Devise", "Versement"),
    ),
    (CsvFile.MOVEMENTS, Language.ENGLISH): (
        *("Date", "Type", "Order", "Object at Stripe", "Transaction", "Amount", "Fee", "of which VAT", "Net"),
        *("Currency", "Payout"),
    ),
    (CsvFile.PAYOUTS, Language.FRENCH): ("Arrivée", "Versement", "Montant", "Devise", "État", "Anomalies"),
    (CsvFile.PAYOUTS, Language.ENGLISH): ("Arrival", "Payout", "Amount", "Currency", "Status", "Mismatches"),
    (CsvFile.TOTALS, Language.FRENCH): (
        *(
            "Date",
            "Devise",
            "Taux de TVA",
            "Reçus",
            "Montant TTC",
            "TVA",
            "Avoirs",
            "Montant TTC des avoirs",
        ),
        *("TVA des avoirs", "Net TTC", "Net HT", "TVA nette"),
    ),
    (CsvFile.TOTALS, Language.ENGLISH): (
        *("Date", "Currency", "VAT rate", "Receipts", "Amount with VAT", "VAT", "Credit notes"),
        *("Credit notes with VAT", "VAT of credit notes", "Net with VAT", "Net without VAT", "Net VAT"),
    ),
}
KINDS = {
    Language.FRENCH: {"receipt": "reçu", "credit_note": "avoir"},
    Language.ENGLISH: {"receipt": "receipt", "credit_note": "credit note"},
}
