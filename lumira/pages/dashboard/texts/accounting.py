"""The page of the accounting export."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Export comptable",
    "lead": "Les chiffres d’une période et les fichiers pour l’expert-comptable.",
    "from": "Premier jour",
    "to": "Dernier jour",
    "show": "Afficher",
    "periods": "Autres périodes",
    "this_month": "Ce mois",
    "last_month": "Mois dernier",
    "this_year": "Cette année",
    "last_year": "Année dernière",
    "invalid_day": "Saisissez deux dates, la seconde après la première, deux ans plus tard au plus.",
    "sales": "Reçus et avoirs",
    "no_sales": "Il n’y a ni reçu ni avoir dans cette période.",
    "rate": "Taux de TVA",
    "no_rate": "sans TVA",
    "receipts": "Reçus",
    "credit_notes": "Avoirs",
    "net": "Net TTC",
    "vat": "dont TVA",
    "stripe": "Stripe et la banque",
    "moved": "Mouvement net du solde chez Stripe",
    "fees": "Frais retenus par Stripe",
    "arrived": "Versements arrivés",
    "eu": "Ventes aux consommateurs d’autres pays de l’UE en {}",
    "eu_progress": "{amount} hors TVA : {percent} % du seuil de {threshold} par année civile.",
    "eu_hint": (
        "Avoirs déduits, d’après l’adresse de livraison, sinon le pays du client. Au-delà du seuil, la"
        " TVA du pays de l’acheteur est due (guichet unique OSS). Le seuil vaut pour toute l’entreprise : additionnez"
        " vos boutiques et vos autres ventes."
    ),
    "eu_unknown": (
        "Pour {} documents ({} hors TVA), aucune adresse n’est connue : contenus numériques, surtout. Ceux de"
        " consommateurs d’autres pays de l’UE comptent aussi."
    ),
    "country": "Pays",
    "documents": "Documents",
    "without_vat": "Hors TVA",
    "files": "Fichiers CSV",
    "csv": {
        "sales": "Reçus et avoirs",
        "movements": "Mouvements et frais Stripe",
        "payouts": "Versements",
        "totals": "Totaux de chaque jour par taux de TVA",
    },
    "prepare": "Fichiers à préparer",
    "prepare_hint": "Un fichier est prêt en quelques minutes ; il est gardé sept jours.",
    "kinds": {"fec": "FEC (écritures)", "documents": "Reçus et avoirs en PDF (ZIP)"},
    "buttons": {"fec": "Préparer le FEC", "documents": "Préparer le ZIP des PDF"},
    "last_day": "Les écritures s’exportent jusqu’au {}. Ce qui a été exporté ne change plus.",
    "prepared": "Fichiers préparés",
    "file": "Fichier",
    "period": "Période",
    "requested": "Demandé le",
    "state": "État",
    "pending": "en préparation",
    "failed": "échec : demandez-le à nouveau",
    "download": "Télécharger",
    "missing": "{} PDF manquent, nommés dans la liste",
    "messages": {
        "requested": "Le fichier est en préparation : il apparaîtra sur cette page.",
        "already": "Ce fichier est déjà en préparation.",
        "refused": "{reason}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Accounting export",
    "lead": "The figures of a period, and the files for the accountant.",
    "from": "First day",
    "to": "Last day",
    "show": "Show",
    "periods": "Other periods",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
    "last_year": "Last year",
    "invalid_day": "Enter two dates, the second after the first, two years later at most.",
    "sales": "Receipts and credit notes",
    "no_sales": "There is no receipt and no credit note in this period.",
    "rate": "VAT rate",
    "no_rate": "without VAT",
    "receipts": "Receipts",
    "credit_notes": "Credit notes",
    "net": "Net with VAT",
    "vat": "of which VAT",
    "stripe": "Stripe and the bank",
    "moved": "Net movement of the balance at Stripe",
    "fees": "Fees that Stripe kept",
    "arrived": "Payouts that arrived",
    "eu": "Sales to consumers in other countries of the EU in {}",
    "eu_progress": "{amount} without VAT: {percent}% of the threshold of {threshold} a calendar year.",
    "eu_hint": (
        "Credit notes deducted, by the address of delivery, else the customer’s country. Above"
        " the threshold, the VAT of the buyer’s country is due (one-stop shop). The threshold is that of the whole"
        " company: add up your shops and your other sales."
    ),
    "eu_unknown": (
        "Of {} documents ({} without VAT) no address is known: digital content, mostly. Those of consumers in other"
        " countries of the EU count too."
    ),
    "country": "Country",
    "documents": "Documents",
    "without_vat": "Without VAT",
    "files": "CSV files",
    "csv": {
        "sales": "Receipts and credit notes",
        "movements": "Movements and fees at Stripe",
        "payouts": "Payouts",
        "totals": "Totals of each day by VAT rate",
    },
    "prepare": "Files to prepare",
    "prepare_hint": "A file is ready within minutes, and is kept for seven days.",
    "kinds": {"fec": "FEC (entries)", "documents": "Receipts and credit notes as PDF (ZIP)"},
    "buttons": {"fec": "Prepare the FEC", "documents": "Prepare the ZIP of PDFs"},
    "last_day": "Entries can be exported until {}. What was exported never changes.",
    "prepared": "Prepared files",
    "file": "File",
    "period": "Period",
    "requested": "Requested",
    "state": "State",
    "pending": "being prepared",
    "failed": "failed: request it again",
    "download": "Download",
    "missing": "{} PDFs are missing, and named in the list",
    "messages": {
        "requested": "The file is being prepared: it will appear on this page.",
        "already": "This file is being prepared already.",
        "refused": "{reason}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
