"""Texts of Stripe's events of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Webhooks",
    "intro": "Ce que Stripe annonce à la boutique (paiements, remboursements, litiges), le plus récent d’abord.",
    "search": "Événement ou commande",
    "search_hint": "Un identifiant de Stripe (evt_…, pi_…, ch_…, re_…), un numéro de commande ou une adresse.",
    "state": "État",
    "any_state": "Tous les états",
    "states": {
        "received": "à traiter",
        "processed": "traité",
        "ignored": "ignoré",
        "parked": "en attente",
        "foreign": "étranger",
        "failed": "échoué",
    },
    "type": "Type",
    "from": "Du",
    "to": "Au",
    "invalid_day": "Écrivez un jour comme 2026-11-27.",
    "event": "Événement",
    "order": "Commande",
    "no_order": "aucune",
    "attempts": "Essais",
    "received": "Reçu le",
    "open": "Ouvrir l’événement {}",
    "reset": "Tous les événements",
    "replay_all": "Traiter ces événements à nouveau…",
    "looked_at": "Les événements reçus jusqu’au {} ont été parcourus. La page suivante cherche plus loin en arrière.",
    "none": "Aucun événement ne correspond.",
    "none_hint": "Retirez un filtre, ou écrivez l’identifiant en entier.",
    "empty": "Aucun événement pour le moment.",
    "empty_hint": "Le premier apparaît ici dès que Stripe annonce quelque chose. Vérifiez le webhook à la page",
    "set_up": "Mise en service",
    "reasons": {
        "received": "Il est traité dans quelques secondes.",
        "received_error": "Le dernier essai a échoué ; le prochain se fait tout seul.",
        "processed": "Rien à faire : ce qu’il annonce est enregistré.",
        "ignored": "Rien à faire : il ne change rien ici.",
        "ignored_type": "Rien à faire : ce type d’événement ne concerne pas les commandes.",
        "ignored_other_account": (
            "Il vient d’un compte Stripe qui n’est pas celui de la boutique. Vérifiez quel webhook livre ici."
        ),
        "ignored_other_mode": "Il est de l’autre mode (test ou réel) que sa commande. Vérifiez quel webhook livre ici.",
        "foreign": "Rien à faire : il concerne un paiement que cette boutique n’a pas ouvert.",
        "parked": "Il attend sa commande, et il est repris tout seul.",
        "parked_mismatch": "Il annonce un autre montant que la commande ; il est repris quand son paiement est connu.",
        "failed": "Il n’a pas pu être traité. Ouvrez le détail technique, puis traitez-le à nouveau.",
        "failed_malformed": (
            "Son contenu est illisible. Vérifiez la version d’API du webhook, puis traitez-le à nouveau."
        ),
        "failed_order_unknown": (
            "Sa commande n’a pas été trouvée. Si le paiement est d’ailleurs, il n’y a rien à faire ; sinon traitez-le à"
            " nouveau."
        ),
        "failed_error": (
            "Une erreur de Lumira l’a arrêté. Transmettez le détail technique à qui exploite l’installation ; une fois"
            " la cause réparée, traitez-le à nouveau."
        ),
    },
    "what_now": "Qu’en est-il ?",
    "replay": "Traiter à nouveau",
    "at_stripe": "Voir chez Stripe",
    "mode": "Mode",
    "modes": {"live": "réel", "test": "test", "unknown": "inconnu"},
    "account": "Compte",
    "version": "Version d’API",
    "processed_at": "Traité le",
    "next_attempt": "Prochain essai",
    "error": "Dernière erreur",
    "details": "Détail technique",
    "payload": "Contenu",
    "payload_hint": "Sans données personnelles : identifiants, montants, états et dates.",
    "payload_removed": "Le contenu a été supprimé le {} : l’événement est traité depuis longtemps.",
    "history": "Ce qui a été fait",
    "actions": {"event_replayed": "traité à nouveau", "event_recovered": "allé chercher chez Stripe"},
    "confirm": "Traiter des événements à nouveau",
    "confirm_count": "{} événements vont être traités à nouveau :",
    "confirm_one": "Un événement va être traité à nouveau :",
    "confirm_more": "Il y en a davantage : une fois en reprend {} au plus, les plus récents d’abord.",
    "confirm_hint": "C’est sans danger : ce qu’un événement annonce compte une seule fois, même traité plusieurs fois.",
    "confirm_button": "Traiter maintenant",
    "confirm_none": "Aucun événement à traiter à nouveau.",
    "confirm_none_hint": (
        "Choisissez d’abord l’état échoué, en attente, ignoré ou étranger. Un événement traité depuis longtemps n’a"
        " plus son contenu."
    ),
    "messages": {
        "replayed": "L’événement est traité à nouveau dans quelques secondes.",
        "replayed_many": "Événements à traiter à nouveau : {number}. Ils le sont dans quelques secondes.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Webhooks",
    "intro": "What Stripe reports to the shop (payments, refunds, disputes), the newest first.",
    "search": "Event or order",
    "search_hint": "An id of Stripe (evt_…, pi_…, ch_…, re_…), an order number or an address.",
    "state": "State",
    "any_state": "All states",
    "states": {
        "received": "to process",
        "processed": "processed",
        "ignored": "ignored",
        "parked": "parked",
        "foreign": "foreign",
        "failed": "failed",
    },
    "type": "Type",
    "from": "From",
    "to": "To",
    "invalid_day": "Write a day such as 2026-11-27.",
    "event": "Event",
    "order": "Order",
    "no_order": "none",
    "attempts": "Attempts",
    "received": "Received on",
    "open": "Open the event {}",
    "reset": "All events",
    "replay_all": "Replay these events…",
    "looked_at": "The events received until {} were looked at. The next page looks further back.",
    "none": "No event matches.",
    "none_hint": "Remove a filter, or write the whole id.",
    "empty": "No event yet.",
    "empty_hint": "The first one appears here as soon as Stripe reports something. Check the endpoint on the page",
    "set_up": "Set-up",
    "reasons": {
        "received": "It is processed within seconds.",
        "received_error": "The last attempt failed; the next one is made by itself.",
        "processed": "Nothing to do: what it reports is recorded.",
        "ignored": "Nothing to do: it changes nothing here.",
        "ignored_type": "Nothing to do: events of this type are not about orders.",
        "ignored_other_account": (
            "It is from a Stripe account that is not the shop’s. Check which endpoint delivers here."
        ),
        "ignored_other_mode": (
            "It is of the other mode (test or live) than its order. Check which endpoint delivers here."
        ),
        "foreign": "Nothing to do: it is about a payment that this shop did not open.",
        "parked": "It waits for its order, and is retried by itself.",
        "parked_mismatch": "It reports another amount than the order has; it is retried once its payment is known.",
        "failed": "It could not be processed. Open the technical detail, then replay it.",
        "failed_malformed": "Its content cannot be read. Check the API version of the endpoint, then replay it.",
        "failed_order_unknown": (
            "Its order was not found. If the payment is from elsewhere, nothing is to be done; otherwise replay it."
        ),
        "failed_error": (
            "An error of Lumira stopped it. Pass the technical detail on to who runs the installation; once the"
            " cause is removed, replay it."
        ),
    },
    "what_now": "What about it?",
    "replay": "Replay",
    "at_stripe": "Open at Stripe",
    "mode": "Mode",
    "modes": {"live": "live", "test": "test", "unknown": "unknown"},
    "account": "Account",
    "version": "API version",
    "processed_at": "Processed on",
    "next_attempt": "Next attempt",
    "error": "Last error",
    "details": "Technical detail",
    "payload": "Payload",
    "payload_hint": "Without personal data: ids, amounts, states and times.",
    "payload_removed": "The payload was removed on {}: the event was handled long ago.",
    "history": "What was done",
    "actions": {"event_replayed": "replayed", "event_recovered": "fetched from Stripe"},
    "confirm": "Replay events",
    "confirm_count": "{} events will be processed again:",
    "confirm_one": "One event will be processed again:",
    "confirm_more": "There are more: at most {} are replayed at a time, the newest first.",
    "confirm_hint": "This is safe: what an event reports counts once, however often it is processed.",
    "confirm_button": "Replay now",
    "confirm_none": "No event to replay.",
    "confirm_none_hint": (
        "Choose the state failed, parked, ignored or foreign first. An event that was handled long ago has no payload"
        " any more."
    ),
    "messages": {
        "replayed": "The event is processed again within seconds.",
        "replayed_many": "Events to process again: {number}. They are within seconds.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
