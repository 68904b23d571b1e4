"""The texts of the page with Stripe's Payment Element, in both languages."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

#: Both languages have the same keys.
PAYMENT: dict[Language, dict[str, Any]] = {
    Language.FRENCH: {
        "heading": "Paiement",
        "next": "Vous payez à l’étape suivante. Rien n’est débité avant.",
        "method": "Moyen de paiement",
        "pay": "Payer {}",
        "receipt_to": "La confirmation sera envoyée à",
        "secure": "Vos données de paiement sont saisies chez Stripe : nous ne les voyons pas.",
        "no_script": "Cette page de paiement a besoin de JavaScript. Payez plutôt sur la page de Stripe :",
        "on_stripe": "Payer sur la page de Stripe",
        "back": "Modifier la commande",
        "script": {
            "loading": "Chargement du formulaire de paiement…",
            "working": "Paiement en cours. Ne fermez pas cette page.",
            "not_loaded": (
                "Le formulaire de paiement ne s’est pas chargé. Rien n’a été débité. Rechargez la page, ou payez sur"
                " la page de Stripe."
            ),
            "not_reached": "La connexion a été interrompue. Rien n’a été débité. Réessayez.",
            "failed": "Le paiement n’a pas abouti. Rien n’a été débité. Réessayez, ou choisissez un autre moyen.",
        },
    },
    Language.ENGLISH: {
        "heading": "Payment",
        "next": "You pay in the next step. Nothing is charged before.",
        "method": "Payment method",
        "pay": "Pay {}",
        "receipt_to": "The confirmation will be sent to",
        "secure": "Your payment details are entered at Stripe: we do not see them.",
        "no_script": "This payment page needs JavaScript. Pay on Stripe's page instead:",
        "on_stripe": "Pay on Stripe's page",
        "back": "Change the order",
        "script": {
            "loading": "Loading the payment form…",
            "working": "Payment in progress. Do not close this page.",
            "not_loaded": (
                "The payment form did not load. Nothing was charged. Reload the page, or pay on Stripe's page."
            ),
            "not_reached": "The connection was interrupted. Nothing was charged. Try again.",
            "failed": "The payment did not succeed. Nothing was charged. Try again, or choose another way to pay.",
        },
    },
}
