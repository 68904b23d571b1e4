"""What each kind of alert about an order, a payment or a refund means, and what to do about it."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from lumira.models import AlertKind
from lumira.notifications.alert_text import Translations, in_both

_SHOW = "flask orders show NUMBER"

ORDER_TEXTS: dict[AlertKind, Translations] = {
    AlertKind.PAYMENT_MISMATCH: in_both(
        (
            "paiement différent de la commande",
            "Une commande a été payée avec un autre montant ou une autre devise ; rien n’a été ouvert.",
            f"{_SHOW}, puis flask orders release NUMBER ou flask orders refund NUMBER.",
        ),
        (
            "payment differs from the order",
            "An order was paid with another amount or currency; nothing was granted.",
            f"{_SHOW}, then flask orders release NUMBER or flask orders refund NUMBER.",
        ),
    ),
    AlertKind.PAID_WITHOUT_RECIPIENT: in_both(
        (
            "payée sans adresse e-mail",
            "Une commande est payée sans adresse e-mail, ni ici ni chez Stripe ; l’acheteur n’a reçu aucun message.",
            "Trouver l’adresse, puis flask orders address NUMBER EMAIL.",
        ),
        (
            "paid without an e-mail address",
            "An order is paid, and neither the sale nor Stripe has an address; the buyer received no message.",
            "Find the address, then flask orders address NUMBER EMAIL.",
        ),
    ),
    AlertKind.DUPLICATE_PAYMENT: in_both(
        (
            "commande payée deux fois",
            "Deux paiements d’une commande ont abouti ; le second est remboursé de lui-même.",
            f"{_SHOW} montre le remboursement.",
        ),
        (
            "order paid twice",
            "Two payments of one order succeeded; the second is refunded automatically.",
            f"{_SHOW} shows the refund.",
        ),
    ),
    AlertKind.SOLD_OUT_AFTER_PAYMENT: in_both(
        (
            "payée trop tard, plus de stock",
            "Une commande a été payée quand il ne restait plus de pièce ; elle est remboursée d’elle-même.",
            "Prévenir l’acheteur, ou retrouver une pièce et la vendre à nouveau.",
        ),
        (
            "paid too late, sold out",
            "An order was paid after the stock was sold out; it is refunded automatically.",
            "Inform the buyer, or find another unit and sell it again.",
        ),
    ),
    AlertKind.STOCK_MISSING: in_both(
        (
            "pièces manquantes",
            "Un remboursement a échoué après la remise en stock, et les pièces sont vendues à quelqu’un d’autre.",
            "Trouver des pièces pour l’acheteur, ou flask orders refund NUMBER.",
        ),
        (
            "stock missing",
            "A refund failed after its units were restocked, and they are sold to another buyer.",
            "Find units for the buyer, or flask orders refund NUMBER.",
        ),
    ),
    AlertKind.DUPLICATE_REFUND: in_both(
        (
            "remboursement fait deux fois",
            "Stripe a fait deux remboursements pour une seule demande ; l’acheteur a reçu trop.",
            f"{_SHOW} ; annuler chez Stripe celui qui est encore en attente, ou s’entendre avec l’acheteur.",
        ),
        (
            "refund made twice",
            "Stripe made two refunds of one request; the buyer was refunded too much.",
            f"{_SHOW}; cancel one that is still pending in Stripe’s dashboard, or agree with the buyer.",
        ),
    ),
    AlertKind.REFUND_REFUSED: in_both(
        (
            "remboursement refusé",
            "Stripe a refusé un remboursement ; l’argent de l’acheteur est toujours ici.",
            "Corriger la cause, puis flask orders refund NUMBER.",
        ),
        (
            "refund refused",
            "Stripe refused a refund; the buyer’s money is still in the Stripe account.",
            "Correct the cause, then flask orders refund NUMBER.",
        ),
    ),
    AlertKind.REFUND_NOT_SENT: in_both(
        (
            "remboursement impossible depuis un jour",
            "Un remboursement n’a pas pu être fait pendant 24 heures ; les essais continuent.",
            "Vérifier la clé Stripe de la marque et l’état de Stripe.",
        ),
        (
            "refund impossible for a day",
            "A refund could not be sent for 24 hours; Lumira keeps retrying.",
            "Check the tenant’s Stripe key and Stripe’s status page.",
        ),
    ),
    AlertKind.REFUND_FAILED: in_both(
        (
            "remboursement échoué",
            "Un remboursement a échoué ou a été annulé chez Stripe ; l’argent est revenu ici.",
            f"{_SHOW}, puis flask orders refund NUMBER.",
        ),
        (
            "refund failed",
            "A refund failed or was canceled at Stripe; the money is back in the Stripe account.",
            f"{_SHOW}, then flask orders refund NUMBER.",
        ),
    ),
    AlertKind.FRAUD_WARNING: in_both(
        (
            "fraude probable",
            "L’émetteur de la carte signale une fraude probable ; un litige, et ses frais, suivent souvent.",
            f"{_SHOW} ; avant le litige, flask orders refund NUMBER, sauf s’il est déjà remboursé par la règle.",
        ),
        (
            "probable fraud",
            "The card's issuer reports probable fraud; a dispute, and its fee, often follow.",
            f"{_SHOW}; before the dispute, flask orders refund NUMBER, unless the policy has refunded it already.",
        ),
    ),
    AlertKind.EVIDENCE_REFUSED: in_both(
        (
            "réponse à un litige refusée",
            "Stripe a refusé la réponse à un litige, qui n’est pas parvenue à la banque.",
            "Tableau de bord, Litiges : la page du litige dit pourquoi ; répondre à nouveau avant la date limite.",
        ),
        (
            "response to a dispute refused",
            "Stripe refused the response to a dispute, and the bank did not get it.",
            "Dashboard, Disputes: the page of the dispute says why; respond again before the deadline.",
        ),
    ),
    AlertKind.ORDER_OVERDUE: in_both(
        (
            "commande en attente depuis trop longtemps",
            "Une commande attend encore un jour après sa fin ; du stock reste réservé, ou elle n’est pas remboursée.",
            (
                f"{_SHOW} ; attendre si un paiement est en cours, "
                "sinon flask orders cancel NUMBER, ou flask orders refund NUMBER si elle est payée."
            ),
        ),
        (
            "order overdue",
            "An order waits a day after it should have ended: its stock is reserved, or it is not refunded.",
            (
                f"{_SHOW}; wait while a payment is under way, "
                "else flask orders cancel NUMBER, or flask orders refund NUMBER if it is paid."
            ),
        ),
    ),
    AlertKind.ORDER_UNSHIPPED: in_both(
        (
            "commandes à expédier en retard",
            "Au moins une commande payée attend d’être expédiée depuis plus longtemps que le délai de la boutique.",
            "flask shipments list montre les plus anciennes ; les expédier, ou les rembourser.",
        ),
        (
            "orders are shipped late",
            "At least one paid order waits to be shipped for longer than the days of the shop.",
            "flask shipments list shows the oldest; ship or refund them.",
        ),
    ),
    AlertKind.TRANSFER_INCOMPLETE: in_both(
        (
            "virement reçu en partie",
            "Une partie d’un virement est arrivée ; la commande attend le reste.",
            "Demander le reste à l’acheteur, ou flask orders cancel NUMBER et rendre la partie dans Stripe.",
        ),
        (
            "bank transfer received in part",
            "A part of a bank transfer has arrived; the order waits for the rest.",
            "Ask the buyer for the rest, or flask orders cancel NUMBER and return the part in Stripe’s dashboard.",
        ),
    ),
    AlertKind.TRANSFER_NOT_RECEIVED: in_both(
        (
            "virement jamais reçu",
            "Un virement n’est pas arrivé à temps ; la commande est annulée et son stock rendu.",
            "L’acheteur est prévenu. Si l’argent arrive quand même, la commande est servie ou remboursée.",
        ),
        (
            "bank transfer not received",
            "A bank transfer did not arrive in time; the order is cancelled and its stock released.",
            "The buyer is notified. If the money arrives nevertheless, the order is completed or refunded.",
        ),
    ),
    AlertKind.WITHDRAWAL_WAITING: in_both(
        (
            "rétractation à examiner",
            "Un acheteur s’est rétracté ; l’accès est suspendu, et le remboursement est dû dans les 14 jours.",
            "flask orders show NUMBER, puis flask withdrawals accept NUMBER ou flask withdrawals refuse NUMBER.",
        ),
        (
            "withdrawal to decide",
            "A buyer withdrew from an order; access is suspended, and the refund is due within 14 days.",
            "flask orders show NUMBER, then flask withdrawals accept NUMBER or flask withdrawals refuse NUMBER.",
        ),
    ),
}
