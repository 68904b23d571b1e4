"""What each kind of alert means and what to do about it, for the e-mails to the team."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from dataclasses import dataclass

from lumira.models import AlertKind, Language


@dataclass(frozen=True, slots=True)
class AlertText:
    """The explanation of one kind of alert: a title, what happened, and what to do."""

    title: str
    meaning: str
    remedy: str


def text_for(kind: AlertKind, language: Language) -> AlertText:
    """Return the explanation of a kind; its bare name for a kind that is never sent by e-mail."""
    translations = TEXTS.get(kind)
    return translations[language] if translations else AlertText(kind, kind, "")


def _texts(french: tuple[str, str, str], english: tuple[str, str, str]) -> dict[Language, AlertText]:
    # French typography: no line break before a semicolon.
    unbroken = (part.replace(" ;", "\u00a0;") for part in french)
    return {Language.FRENCH: AlertText(*unbroken), Language.ENGLISH: AlertText(*english)}


_SHOW = "flask orders show NUMBER"

TEXTS: dict[AlertKind, dict[Language, AlertText]] = {
    AlertKind.PAYMENT_MISMATCH: _texts(
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
    AlertKind.PAID_WITHOUT_RECIPIENT: _texts(
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
    AlertKind.DUPLICATE_PAYMENT: _texts(
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
    AlertKind.SOLD_OUT_AFTER_PAYMENT: _texts(
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
    AlertKind.STOCK_MISSING: _texts(
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
    AlertKind.DUPLICATE_REFUND: _texts(
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
    AlertKind.REFUND_REFUSED: _texts(
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
    AlertKind.REFUND_NOT_SENT: _texts(
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
    AlertKind.REFUND_FAILED: _texts(
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
    AlertKind.ORDER_OVERDUE: _texts(
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
    AlertKind.TRANSFER_INCOMPLETE: _texts(
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
    AlertKind.TRANSFER_NOT_RECEIVED: _texts(
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
    AlertKind.EVENT_FAILED: _texts(
        (
            "événement de Stripe abandonné",
            "Un événement n’a pas pu être traité, ou sa commande n’a jamais été trouvée.",
            "flask events show ID ; la cause corrigée, flask events replay ID.",
        ),
        (
            "Stripe event failed",
            "An event could not be processed, or its order was never found.",
            "flask events show ID; once its cause is corrected, flask events replay ID.",
        ),
    ),
    AlertKind.MESSAGE_DEAD: _texts(
        (
            "message non remis",
            "Un message a été refusé pour de bon, ou n’a pas pu partir pendant 24 heures.",
            "flask outbox list --status dead, puis flask outbox retry ID.",
        ),
        (
            "message not delivered",
            "A message was permanently refused, or could not be sent for 24 hours.",
            "flask outbox list --status dead, then flask outbox retry ID.",
        ),
    ),
    AlertKind.STRIPE_UNAVAILABLE: _texts(
        (
            "Stripe ne répond pas",
            "Stripe n’a pas répondu depuis un quart d’heure ; rien n’est perdu.",
            "Consulter l’état de Stripe.",
        ),
        (
            "Stripe is unavailable",
            "Stripe has not responded for 15 minutes; nothing is lost.",
            "Check Stripe’s status page.",
        ),
    ),
    AlertKind.STRIPE_KEY_REFUSED: _texts(
        (
            "clé Stripe refusée",
            "Stripe n’accepte pas la clé de la marque.",
            "flask tenants stripe SLUG --secret-key -",
        ),
        (
            "Stripe key refused",
            "Stripe does not accept the tenant’s key.",
            "flask tenants stripe SLUG --secret-key -",
        ),
    ),
    AlertKind.CLOCK_DIFFERS: _texts(
        (
            "horloge différente de celle de Stripe",
            "L’horloge de cette machine s’écarte de celle de Stripe ; à cinq minutes, les événements sont refusés.",
            "Mettre la machine à l’heure (NTP), puis flask alerts resolve ID.",
        ),
        (
            "clock differs from Stripe’s",
            "This machine’s clock differs from Stripe’s; from five minutes on, events are refused.",
            "Synchronise the machine’s clock (NTP), then flask alerts resolve ID.",
        ),
    ),
    AlertKind.RECEIPT_DATE_AHEAD: _texts(
        (
            "reçus datés dans le futur",
            "Une horloge a été en avance ; jusqu’à la date nommée, les reçus ou avoirs de la série portent cette date.",
            "Régler l’horloge (NTP) et prévenir le comptable (flask receipts verify), puis flask alerts resolve ID.",
        ),
        (
            "receipts dated in the future",
            "A clock was ahead; until the date in the subject, the documents of the series bear that date.",
            "Synchronise the clock (NTP), inform the accountant (flask receipts verify), then flask alerts resolve ID.",
        ),
    ),
    AlertKind.STRIPE_PERMISSION_MISSING: _texts(
        (
            "permission manquante à la clé Stripe",
            "La clé Stripe restreinte de la marque n’a pas la permission nommée ; le reste continue.",
            "Ajouter la permission à la clé dans le tableau de bord de Stripe, puis flask alerts resolve ID.",
        ),
        (
            "Stripe key lacks a permission",
            "The tenant’s restricted Stripe key lacks the permission that is named; everything else continues.",
            "Add the permission to the key in Stripe’s dashboard, then flask alerts resolve ID.",
        ),
    ),
    AlertKind.PAYMENT_MISSING_AT_STRIPE: _texts(
        (
            "paiement inconnu de Stripe",
            "Stripe ne connaît pas un paiement qui est le nôtre.",
            "Vérifier que la clé est celle du compte où le paiement a été fait.",
        ),
        (
            "payment missing at Stripe",
            "Stripe does not know a payment of ours.",
            "Check that the key belongs to the account in which the payment was made.",
        ),
    ),
    AlertKind.EVENT_UNUSABLE: _texts(
        (
            "événement illisible",
            "Stripe a annoncé un événement qui ne peut pas être conservé.",
            "Le regarder dans le tableau de bord de Stripe.",
        ),
        (
            "unusable event",
            "Stripe listed an event that cannot be stored.",
            "Look at it in Stripe’s dashboard.",
        ),
    ),
    AlertKind.OTHER_MODE: _texts(
        (
            "événement d’un autre mode",
            "Un événement réel nomme une commande de test, ou l’inverse ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another mode",
            "A live event named an order of test mode, or the reverse; no order was changed.",
            "Check which webhook endpoint sends to this URL.",
        ),
    ),
    AlertKind.OTHER_ACCOUNT: _texts(
        (
            "événement d’un autre compte",
            "Un événement d’un autre compte Connect est arrivé ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another account",
            "An event of another Connect account was received; no order was changed.",
            "Check which webhook endpoint sends to this URL.",
        ),
    ),
    AlertKind.API_VERSION: _texts(
        (
            "version d’API inattendue",
            "Les événements arrivent dans une autre version d’API que celle attendue ; ils sont traités.",
            "Régler la version du point de réception.",
        ),
        (
            "unexpected API version",
            "Events have another API version than expected; they are processed.",
            "Set the API version of the webhook endpoint.",
        ),
    ),
}
