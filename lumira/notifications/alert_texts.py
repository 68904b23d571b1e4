"""What each kind of alert means and what to do about it, in the words of the team's message."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from dataclasses import dataclass

from lumira.notifications.formatting import Language


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of alert: a title, what is the case, and what a person does."""

    title: str
    meaning: str
    remedy: str


def texts_for(kind: str, language: Language) -> Words:
    """The words of a kind; of one that has none, its name."""
    known = WORDS.get(kind)
    return known[language] if known else Words(kind, kind, "")


def _words(french: tuple[str, str, str], english: tuple[str, str, str]) -> dict[Language, Words]:
    # No line breaks before a French semicolon.
    unbroken = (part.replace(" ;", "\u00a0;") for part in french)
    return {Language.FRENCH: Words(*unbroken), Language.ENGLISH: Words(*english)}


_SHOW = "flask orders show NUMBER"

WORDS: dict[str, dict[Language, Words]] = {
    "payment_mismatch": _words(
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
    "duplicate_payment": _words(
        (
            "commande payée deux fois",
            "Deux paiements d’une commande ont abouti ; le second est remboursé de lui-même.",
            f"{_SHOW} montre le remboursement.",
        ),
        (
            "order paid twice",
            "Two payments of one order succeeded; the second is refunded by itself.",
            f"{_SHOW} shows the refund.",
        ),
    ),
    "sold_out_after_payment": _words(
        (
            "payée trop tard, plus de stock",
            "Une commande a été payée quand il ne restait plus de pièce ; elle est remboursée d’elle-même.",
            "Prévenir l’acheteur, ou retrouver une pièce et la vendre à nouveau.",
        ),
        (
            "paid too late, sold out",
            "An order was paid when no piece was left; its money is refunded by itself.",
            "Tell the buyer, or find a piece and sell it anew.",
        ),
    ),
    "stock_missing": _words(
        (
            "pièces manquantes",
            "Un remboursement a échoué après la remise en stock, et les pièces sont vendues à quelqu’un d’autre.",
            "Trouver des pièces pour l’acheteur, ou flask orders refund NUMBER.",
        ),
        (
            "pieces missing",
            "A refund failed after its pieces went back on the shelf, and they are sold to somebody else.",
            "Find pieces for the buyer, or flask orders refund NUMBER.",
        ),
    ),
    "refund_refused": _words(
        (
            "remboursement refusé",
            "Stripe a refusé un remboursement ; l’argent de l’acheteur est toujours ici.",
            "Corriger la cause, puis flask orders refund NUMBER.",
        ),
        (
            "refund refused",
            "Stripe refused a refund; the buyer’s money is still here.",
            "Mend the cause, then flask orders refund NUMBER.",
        ),
    ),
    "refund_not_sent": _words(
        (
            "remboursement impossible depuis un jour",
            "Un remboursement n’a pas pu être fait pendant 24 heures ; les essais continuent.",
            "Vérifier la clé Stripe de la marque et l’état de Stripe.",
        ),
        (
            "refund impossible for a day",
            "A refund could not be made for 24 hours; it goes on being tried.",
            "Look at the tenant’s Stripe key and at Stripe’s status page.",
        ),
    ),
    "refund_failed": _words(
        (
            "remboursement automatique échoué",
            "Un remboursement décidé par la maison a échoué chez Stripe ; l’argent est revenu ici.",
            f"{_SHOW}, puis flask orders refund NUMBER.",
        ),
        (
            "automatic refund failed",
            "A refund that was decided here failed at Stripe; the money is here again.",
            f"{_SHOW}, then flask orders refund NUMBER.",
        ),
    ),
    "event_failed": _words(
        (
            "événement de Stripe abandonné",
            "Un événement n’a pas pu être traité, ou sa commande n’a jamais été trouvée.",
            "flask events show ID ; la cause corrigée, flask events replay ID.",
        ),
        (
            "event of Stripe given up",
            "An event could not be handled, or its order was never found.",
            "flask events show ID; once its cause is mended, flask events replay ID.",
        ),
    ),
    "message_dead": _words(
        (
            "message non remis",
            "Un message a été refusé pour de bon, ou n’a pas pu partir pendant 24 heures.",
            "flask outbox list --status dead, puis flask outbox retry ID.",
        ),
        (
            "message not delivered",
            "A message was refused for good, or could not be sent for 24 hours.",
            "flask outbox list --status dead, then flask outbox retry ID.",
        ),
    ),
    "stripe_unavailable": _words(
        (
            "Stripe ne répond pas",
            "Stripe n’a pas répondu depuis un quart d’heure ; rien n’est perdu.",
            "Consulter l’état de Stripe.",
        ),
        (
            "Stripe is silent",
            "Stripe has not answered for a quarter of an hour; nothing is lost.",
            "Look at Stripe’s status page.",
        ),
    ),
    "stripe_key_refused": _words(
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
    "payment_missing_at_stripe": _words(
        (
            "paiement inconnu de Stripe",
            "Stripe ne connaît pas un paiement qui est le nôtre.",
            "Vérifier que la clé est celle du compte où le paiement a été fait.",
        ),
        (
            "payment missing at Stripe",
            "Stripe does not know a payment of ours.",
            "Check whether the key is of the account that the payment was made in.",
        ),
    ),
    "event_unusable": _words(
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
    "other_mode": _words(
        (
            "événement d’un autre mode",
            "Un événement réel nomme une commande de test, ou l’inverse ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another mode",
            "A live event named an order of test mode, or the other way round; it touched nothing.",
            "Check which endpoint delivers here.",
        ),
    ),
    "other_account": _words(
        (
            "événement d’un autre compte",
            "Un événement d’un autre compte Connect est arrivé ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another account",
            "An event of another Connect account arrived; it touched nothing.",
            "Check which endpoint delivers here.",
        ),
    ),
    "api_version": _words(
        (
            "version d’API inattendue",
            "Les événements arrivent dans une autre version d’API que celle attendue ; ils sont traités.",
            "Régler la version du point de réception.",
        ),
        (
            "unexpected API version",
            "Events come in another API version than the expected one; they are processed.",
            "Set the endpoint’s version.",
        ),
    ),
}
