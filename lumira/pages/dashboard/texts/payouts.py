"""The pages of payouts."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Versements",
    "one": "Versement du {}",
    "arrival": "Arrivée",
    "amount": "Montant",
    "status": "État",
    "matches": "Rapprochement",
    "payout": "Versement",
    "statuses": {
        "pending": "prévu",
        "in_transit": "en cours",
        "paid": "arrivé",
        "canceled": "annulé",
        "failed": "refusé par la banque",
    },
    "matched": "correspond",
    "mismatched": "ne correspond pas",
    "not_compared": "pas encore comparé",
    "manual": "manuel : Stripe ne dit pas ce qu’il contient",
    "none": "Aucun versement n’est connu.",
    "none_hint": (
        "Un versement apparaît ici dès que Stripe l’annonce, avec les commandes dont vient l’argent. Les frais d’une"
        " commande sont sur sa page."
    ),
    "own": "De vos commandes",
    "fees": "Frais de Stripe déjà retenus",
    "other": "Autres lignes du compte Stripe",
    "other_hint": "Autres boutiques sur le même compte, frais du compte : ces lignes ne sont d’aucune commande d’ici.",
    "failure": "La banque a refusé le versement ({}) : l’argent est revenu sur le solde chez Stripe.",
    "differences": "Ce qui ne correspond pas",
    "reasons": {
        "sum": "Les lignes ne donnent pas le montant du versement : {expected} attendus, {found} trouvés.",
        "amount": "Une ligne diffère de sa commande : {expected} attendus, {found} trouvés.",
        "currency": "Une ligne est dans une autre devise que le versement.",
        "not_found": "Stripe ne connaît pas ce versement sur ce compte : il vient d’un autre compte.",
    },
    "lines": "Lignes",
    "type": "Type",
    "order": "Commande",
    "fee": "Frais",
    "net": "Net",
    "no_order": "aucune commande d’ici",
    "types": {
        "charge": "paiement",
        "refund": "remboursement",
        "refund_failure": "remboursement rendu",
        "dispute": "litige",
        "dispute_reversal": "litige gagné",
        "fee": "frais du compte",
        "payout_reversal": "versement rendu",
    },
    "no_lines": "Stripe n’a pas encore donné les lignes de ce versement : il les donne quand le versement est complet.",
    "export": "Télécharger toutes les lignes en CSV",
    "shortened": "Les {} premières lignes sont montrées ; le fichier CSV les contient toutes.",
    "at_stripe": "Voir chez Stripe",
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "title": "Payouts",
    "one": "Payout of {}",
    "arrival": "Arrival",
    "amount": "Amount",
    "status": "Status",
    "matches": "Reconciliation",
    "payout": "Payout",
    "statuses": {
        "pending": "planned",
        "in_transit": "under way",
        "paid": "arrived",
        "canceled": "canceled",
        "failed": "returned by the bank",
    },
    "matched": "matches",
    "mismatched": "does not match",
    "not_compared": "not compared yet",
    "manual": "manual: Stripe does not say what it contains",
    "none": "No payout is known.",
    "none_hint": (
        "A payout appears here as soon as Stripe announces it, with the orders that the money comes from. The fee of an"
        " order is on its page."
    ),
    "own": "From your orders",
    "fees": "Stripe’s fees, already deducted",
    "other": "Other lines of the Stripe account",
    "other_hint": "Other shops on the same account, fees of the account: these lines come from no order here.",
    "failure": "The bank returned the payout ({}): the money is on the balance at Stripe again.",
    "differences": "What does not match",
    "reasons": {
        "sum": "The lines do not add up to the payout: {expected} expected, {found} found.",
        "amount": "A line differs from its order: {expected} expected, {found} found.",
        "currency": "A line has another currency than the payout.",
        "not_found": "Stripe does not know this payout in this account: it is of another account.",
    },
    "lines": "Lines",
    "type": "Type",
    "order": "Order",
    "fee": "Fee",
    "net": "Net",
    "no_order": "no order here",
    "types": {
        "charge": "payment",
        "refund": "refund",
        "refund_failure": "returned refund",
        "dispute": "dispute",
        "dispute_reversal": "won dispute",
        "fee": "fee of the account",
        "payout_reversal": "returned payout",
    },
    "no_lines": "Stripe has not listed the lines of this payout yet: it does once the payout is complete.",
    "export": "Download all lines as CSV",
    "shortened": "The first {} lines are shown; the CSV file has all of them.",
    "at_stripe": "View at Stripe",
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
