"""The sentences that say what an order waits for, in both languages."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from collections.abc import Callable
from datetime import datetime

from lumira.domain.waiting import Waiting, WaitReason
from lumira.models import Language

#: For each reason the sentence in French and in English. `{code}` is Stripe's word for the cause in parentheses,
#: `{subject}` an id.
_SENTENCES: dict[WaitReason, tuple[str, str]] = {
    WaitReason.AMOUNT_MISMATCH: (
        "Le paiement reçu n’a pas le montant de la commande : un opérateur décide de l’accepter ou de le rembourser.",
        "The payment has another amount than the order: an operator releases the order or refunds the payment.",
    ),
    WaitReason.CURRENCY_MISMATCH: (
        "Le paiement reçu est dans une autre devise : un opérateur décide de l’accepter ou de le rembourser.",
        "The payment has another currency than the order: an operator releases the order or refunds the payment.",
    ),
    WaitReason.SOLD_OUT: (
        "La commande a été payée quand il ne restait plus de stock : le paiement est remboursé automatiquement.",
        "The order was paid when no unit was left: the payment is refunded automatically.",
    ),
    WaitReason.EVENT_FAILED: (
        "L’événement {subject} de Stripe{code} n’a pas pu être traité : traitez-le à nouveau.",
        "Stripe’s event {subject}{code} could not be processed: replay it.",
    ),
    WaitReason.EVENT_WAITING: (
        "L’événement {subject} de Stripe{code} n’est pas traité : interrogez Stripe, et lancez le traitement de fond.",
        "Stripe’s event {subject}{code} is received and not processed yet: ask Stripe, and start a worker.",
    ),
    WaitReason.STRIPE_KEY_REFUSED: (
        "Stripe refuse la clé de la boutique : aucun paiement ne peut être vérifié avant qu’elle soit remplacée.",
        "Stripe refuses the shop’s key: no payment can be looked up until the key is replaced.",
    ),
    WaitReason.STRIPE_UNAVAILABLE: (
        "Stripe ne répond pas : le paiement est vérifié dès que Stripe répond.",
        "Stripe does not respond: the payment is looked up as soon as it does.",
    ),
    WaitReason.PAYMENT_MISSING: (
        "Stripe ne connaît pas le paiement de la commande : vérifiez que la clé est celle du compte de la vente.",
        "Stripe does not know the order’s payment: check that the key belongs to the account of the sale.",
    ),
    WaitReason.OVERDUE: (
        "La commande attend depuis plus longtemps que prévu : interrogez Stripe, ou annulez-la.",
        "The order waits longer than it should: ask Stripe, or cancel it.",
    ),
    WaitReason.NO_RESPONSE: (
        "Stripe n’a pas répondu à la demande de paiement : la demande est recherchée chez Stripe.",
        "Stripe did not respond to the payment request: the request is looked up at Stripe.",
    ),
    WaitReason.PAYMENT_AWAITED: (
        "La commande attend le paiement de l’acheteur.",
        "The order waits for the buyer’s payment.",
    ),
    WaitReason.RESERVATION_ENDED: (
        "La commande n’a pas été payée à temps : elle est annulée dès que Stripe confirme qu’aucun paiement n’arrive.",
        "The order was not paid in time: it is cancelled as soon as Stripe confirms that no payment arrives.",
    ),
    WaitReason.ACTION_REQUIRED: (
        "L’acheteur doit terminer le paiement, par exemple l’authentification de sa banque.",
        "The buyer has to complete the payment, such as the bank’s authentication.",
    ),
    WaitReason.DEBIT_PROCESSING: (
        "Un prélèvement est en cours à la banque, ce qui prend des jours.",
        "A bank debit is processing, which takes days.",
    ),
    WaitReason.TRANSFER_AWAITED: (
        "L’acheteur paie par virement ou par bon de paiement, et l’argent n’est pas encore arrivé.",
        "The buyer pays by bank transfer or voucher, and the money has not arrived yet.",
    ),
    WaitReason.TRANSFER_INCOMPLETE: (
        "Une partie du virement est arrivée : demandez le reste à l’acheteur, ou annulez la commande.",
        "A part of the bank transfer has arrived: ask the buyer for the rest, or cancel the order.",
    ),
    WaitReason.DECLINED: (
        "Le dernier essai de paiement a été refusé{code}. L’acheteur peut essayer à nouveau.",
        "The last attempt to pay was declined{code}. The buyer may try again.",
    ),
    WaitReason.REQUEST_REFUSED: (
        "Stripe a refusé d’ouvrir le paiement{code}. L’acheteur peut commander à nouveau une fois la cause corrigée.",
        "Stripe refused to open the payment{code}. The buyer may order again once the cause is corrected.",
    ),
    WaitReason.CANCELLED: (
        "La commande n’a pas été payée et est annulée.",
        "The order was not paid and is cancelled.",
    ),
    WaitReason.TEST_SALE_ENDED: (
        "La commande est une vente de test, qui a pris fin quand la boutique a commencé à vendre en mode réel.",
        "The order is a test sale, which ended when the shop began to sell in live mode.",
    ),
    WaitReason.DISPUTED: (
        "La banque de l’acheteur conteste le paiement ({subject}) : répondez sur la page du litige, ou chez Stripe.",
        "The buyer’s bank disputes the payment ({subject}): respond on the dispute’s page, or at Stripe.",
    ),
    WaitReason.FRAUD_WARNING: (
        "L’émetteur de la carte signale une fraude probable ({subject}) : remboursez, ou écartez le signalement.",
        "The card’s issuer reports probable fraud ({subject}): refund the payment, or dismiss the warning.",
    ),
    WaitReason.WITHDRAWN: (
        "L’acheteur s’est rétracté : acceptez ou refusez la rétractation ; le remboursement est dû dans les 14 jours.",
        "The buyer withdrew: accept or refuse the withdrawal; the refund is due within 14 days.",
    ),
    WaitReason.INQUIRY: (
        "La banque de l’acheteur demande des renseignements ({subject}) : répondez sur sa page, ou chez Stripe.",
        "The buyer’s bank inquires about the payment ({subject}): respond on its page, or at Stripe.",
    ),
    WaitReason.REFUND_REFUSED: (
        "Stripe a refusé le remboursement{code} : corrigez la cause, puis remboursez à nouveau.",
        "Stripe refused the refund{code}: correct the cause, then refund again.",
    ),
    WaitReason.REFUND_FAILED: (
        "Le remboursement {subject} a échoué : l’argent est revenu sur le compte Stripe, remboursez à nouveau.",
        "The refund {subject} failed: the money is in the Stripe account again, refund it again.",
    ),
    WaitReason.REFUND_PENDING: (
        "Un remboursement est en cours chez Stripe.",
        "A refund is under way at Stripe.",
    ),
    WaitReason.STOCK_MISSING: (
        "Le remboursement a échoué et les unités sont vendues à un autre acheteur : trouvez des unités, ou remboursez.",
        "The refund failed and the units are sold to another buyer: find units, or refund the order.",
    ),
    WaitReason.NO_RECIPIENT: (
        "La commande est payée et l’adresse e-mail de l’acheteur est inconnue : aucun message ne peut partir.",
        "The order is paid and the buyer’s e-mail address is unknown: no message can be sent.",
    ),
    WaitReason.MESSAGE_DEAD: (
        "Un message à l’acheteur{code} n’a pas pu être remis : corrigez l’adresse ou renvoyez-le.",
        "A message to the buyer{code} could not be delivered: correct the address or send it again.",
    ),
    WaitReason.MESSAGE_DELAYED: (
        "L’envoi d’un message à l’acheteur{code} a échoué et est réessayé.",
        "Sending a message to the buyer{code} failed and is retried.",
    ),
    WaitReason.ACCESS_REVOKED: (
        "Un opérateur a fermé l’accès à {subject}.",
        "An operator revoked the access to {subject}.",
    ),
}
_UNTIL = {
    Language.FRENCH: "Au plus tard : {until}.",
    Language.ENGLISH: "At the latest: {until}.",
}


def sentence(waiting: Waiting, language: Language, shown: Callable[[datetime], str]) -> str:
    """Return what the order waits for, in one language; `shown` writes a time for the reader."""
    french, english = _SENTENCES[waiting.reason]
    text = french if language is Language.FRENCH else english
    if waiting.until is not None:
        text = f"{text} {_UNTIL[language]}"
    # French typography: no line break before a colon.
    text = text.replace(" :", "\u00a0:")
    return text.format(
        code=f" ({waiting.code})" if waiting.code else "",
        subject=waiting.subject or "",
        until=shown(waiting.until) if waiting.until else "",
    )
