"""The texts of the withdrawal pages in both languages, with the words of the law for the two steps."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    # The labels of the two steps: code de la consommation, D221-5.
    "button": "Renoncer au contrat ici",
    "confirm": "Confirmer la rétractation",
    "title": "Renoncer au contrat",
    "intro": (
        "Vous pouvez vous rétracter de votre achat en ligne sans donner de motif, dans le délai légal. Indiquez le"
        " numéro de votre commande et l’adresse e-mail de l’achat : nous y envoyons un lien pour confirmer la"
        " rétractation."
    ),
    "number": "Numéro de commande",
    "number_hint": "Il figure dans l’e-mail de confirmation et sur le reçu.",
    "email": "Adresse e-mail",
    "requested": "Votre demande est enregistrée",
    "requested_text": (
        "Si une commande a ce numéro et cette adresse, un e-mail arrive dans quelques minutes avec le lien pour"
        " confirmer la rétractation. Pensez à regarder dans les indésirables."
    ),
    "requested_at": "Demande faite le {moment} : cette date compte pour le délai.",
    "order": "Commande",
    "until": "Vous pouvez vous rétracter jusqu’au {day} inclus.",
    "not_begun": "Le délai de rétractation n’a pas encore commencé : vous pouvez vous rétracter dès maintenant.",
    "statement": "Par la présente, je notifie ma rétractation du contrat portant sur :",
    "units": "Quantité, sur {quantity}",
    "reason": "Motif",
    "optional": "facultatif",
    "consequence": (
        "L’accès au contenu est suspendu dès la confirmation. Un accusé de réception est envoyé aussitôt par e-mail, et"
        " le remboursement est fait au plus tard 14 jours après la rétractation ; pour des articles à renvoyer, il peut"
        " attendre leur retour ou la preuve de leur envoi."
    ),
    "consequence_free": (
        "L’accès au contenu prend fin dès la confirmation. Un accusé de réception est envoyé aussitôt par e-mail."
    ),
    "received": "Rétractation reçue le {moment}.",
    "waiting": "Elle est en cours d’examen. Si elle est valable, vous serez remboursé au plus tard le {day}.",
    "accepted": "Elle est acceptée. Le remboursement est fait au plus tard le {day}, par le même moyen de paiement.",
    "accepted_free": "Elle est acceptée : l’accès a pris fin.",
    "refused": "Elle n’a pas été acceptée.",
    "why_not": {
        "nothing": "Cette commande n’est pas payée, ou elle est annulée : aucune rétractation n’est nécessaire.",
        "refunded": "Cette commande est déjà remboursée.",
        "withdrawn": "Vous vous êtes déjà rétracté.",
        "refused": "Une rétractation a déjà été examinée et n’a pas été acceptée. Écrivez-nous pour en parler.",
        "waived": (
            "Vous avez demandé l’accès immédiat au contenu numérique et reconnu perdre ainsi votre droit de"
            " rétractation (code de la consommation, article L. 221-28, 13°)."
        ),
        "ended": "Le délai de rétractation a pris fin le {day}.",
    },
    "error": {
        "number": "Vérifiez le numéro de commande, comme ABC-0123456789.",
        "email": "Vérifiez l’adresse e-mail.",
        "stale": "Cette page est restée ouverte trop longtemps. Appuyez encore une fois sur le bouton.",
        "nothing_chosen": "Choisissez au moins un article.",
        "reason": "Le motif est trop long : 1 000 caractères au plus.",
        "not_possible": "Ces articles ne peuvent pas, ou plus, faire l’objet d’une rétractation.",
    },
    "unknown": (
        "Ce lien n’est plus valable",
        "Il est incomplet ou a plus de 14 jours. Vous pouvez faire une nouvelle demande.",
    ),
}

_ENGLISH: dict[str, Any] = {
    # The labels of the two steps: directive (EU) 2023/2673, article 11a.
    "button": "Withdraw from contract here",
    "confirm": "Confirm withdrawal",
    "title": "Withdraw from contract",
    "intro": (
        "You can withdraw from your online purchase without giving a reason, within the legal period. Enter your order"
        " number and the e-mail address of the purchase: we send a link there to confirm the withdrawal."
    ),
    "number": "Order number",
    "number_hint": "You find it in the confirmation e-mail and on the receipt.",
    "email": "E-mail address",
    "requested": "Your request is recorded",
    "requested_text": (
        "If an order has this number and this address, an e-mail arrives within minutes with the link to confirm the"
        " withdrawal. Please check your spam folder, too."
    ),
    "requested_at": "Requested on {moment}: this date counts for the period.",
    "order": "Order",
    "until": "You can withdraw until {day}, that day included.",
    "not_begun": "The withdrawal period has not begun yet: you can withdraw from now on.",
    "statement": "I hereby give notice that I withdraw from my contract for:",
    "units": "Quantity, of {quantity}",
    "reason": "Reason",
    "optional": "optional",
    "consequence": (
        "Access to the content is suspended as soon as you confirm. An acknowledgement is sent at once by e-mail, and"
        " the refund is made at the latest 14 days after the withdrawal; for goods it may wait until they are returned"
        " or proved to be sent."
    ),
    "consequence_free": (
        "Access to the content ends as soon as you confirm. An acknowledgement is sent at once by e-mail."
    ),
    "received": "Withdrawal received on {moment}.",
    "waiting": "It is being examined. If it is valid, you are refunded by {day} at the latest.",
    "accepted": "It is accepted. The refund is made by {day} at the latest, by the same means of payment.",
    "accepted_free": "It is accepted: access has ended.",
    "refused": "It was not accepted.",
    "why_not": {
        "nothing": "This order is not paid, or it is cancelled: no withdrawal is needed.",
        "refunded": "This order is already refunded.",
        "withdrawn": "You have already withdrawn.",
        "refused": "A withdrawal was examined and not accepted. Write to us about it.",
        "waived": (
            "You asked for access to the digital content at once, and acknowledged that you thereby lose your right of"
            " withdrawal (in France: code de la consommation, article L. 221-28, 13°)."
        ),
        "ended": "The withdrawal period ended on {day}.",
    },
    "error": {
        "number": "Check the order number, such as ABC-0123456789.",
        "email": "Check the e-mail address.",
        "stale": "This page was open for too long. Press the button once more.",
        "nothing_chosen": "Choose at least one item.",
        "reason": "The reason is too long: 1,000 characters at most.",
        "not_possible": "You cannot withdraw from these items, or not any more.",
    },
    "unknown": (
        "This link is no longer valid",
        "It is incomplete or older than 14 days. You can make a new request.",
    ),
}

#: Both languages have the same keys.
WITHDRAWAL: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
