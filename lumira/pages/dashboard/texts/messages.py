"""Texts of the messages of a shop."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Messages",
    "intro": "Les e-mails que la boutique envoie aux acheteurs et à l’équipe, les plus récents d’abord.",
    "search": "Commande ou adresse",
    "search_hint": "Un numéro de commande, une adresse e-mail, ou le début d’un nom.",
    "state": "État",
    "any_state": "Tous les états",
    "kind": "Sujet",
    "any_kind": "Tous les sujets",
    "states": {"pending": "à envoyer", "sent": "envoyé", "superseded": "inutile", "dead": "non remis"},
    "to": "À",
    "team": "l’équipe",
    "no_address": "adresse inconnue",
    "order": "Commande",
    "created": "Prévu le",
    "attempts": "Essais",
    "open": "Ouvrir le message {}, commande {}",
    "error": "Dernière erreur",
    "retry_all": "Renvoyer les messages non remis…",
    "reset": "Tous les messages",
    "none": "Aucun message ne correspond.",
    "none_hint": "Retirez un filtre, ou écrivez l’adresse en entier.",
    "empty": "Aucun message pour le moment.",
    "empty_hint": "Un message apparaît ici dès qu’une commande en a besoin : confirmation, accès, remboursement.",
    "confirm": "Renvoyer les messages non remis",
    "confirm_count": "{} messages vont être envoyés encore une fois :",
    "confirm_one": "Un message va être envoyé encore une fois :",
    "confirm_more": "Il y en a davantage : un envoi en reprend {} au plus, les plus anciens d’abord.",
    "confirm_hint": (
        "Corrigez d’abord la cause (adresse de l’acheteur, serveur d’e-mail). Un message qui n’est plus vrai de sa"
        " commande ne part pas."
    ),
    "confirm_button": "Envoyer maintenant",
    "confirm_none": "Aucun message n’attend : tous sont remis, ou sur le point de partir.",
    "what_to_do": "Que faire ?",
    "advice": {
        "sent": "Rien : le serveur d’e-mail a accepté le message. S’il n’arrive pas, demandez de regarder dans les"
        " indésirables.",
        "superseded": "Rien : le message n’était plus vrai de la commande quand il devait partir.",
        "pending": "Rien : le message part dès que le traitement de fond le prend, en général en quelques secondes.",
        "retried": (
            "Rien pour le moment : le dernier essai a échoué, et le prochain se fait tout seul. Si cela dure, regardez"
            " le serveur d’e-mail à la page Mise en service."
        ),
        "undeliverable": (
            "L’adresse est refusée : corrigez-la à la page de la commande, et les messages y partent à nouveau."
        ),
        "not_sent": (
            "Le serveur d’e-mail n’a pas accepté le message pendant un jour. Vérifiez-le à la page Mise en service,"
            " puis renvoyez le message."
        ),
        "no_address": "L’adresse de l’acheteur manque : ajoutez-la à la page de la commande.",
    },
    "next_attempt": "Prochain essai",
    "sent_at": "Envoyé le",
    "resends": "Renvois par l’équipe",
    "details": "Détail technique",
    "send_now": "Envoyer maintenant",
    "send_again": "Envoyer encore une fois",
    "set_up": "Mise en service",
    "preview": "Aperçu",
    "preview_hint": (
        "Ce que l’acheteur lirait si le message partait maintenant. Les liens personnels sont remplacés par ***."
    ),
    "frame": "Aperçu de l’e-mail",
    "subject": "Objet",
    "sender": "De",
    "reply_to": "Réponse à",
    "attached": "Joint",
    "plain": "Le même en texte seul",
    "no_preview": {
        "outdated": "Pas d’aperçu : le message n’est plus vrai de la commande, et ne partirait pas.",
        "postponed": "Pas d’aperçu : le message attend un autre message à la même adresse.",
        "no_address": "Pas d’aperçu : l’adresse de l’acheteur est inconnue ou effacée.",
        "undeliverable": "Pas d’aperçu : une adresse du message n’est pas valable.",
    },
    "history": "Ce que l’équipe a fait",
    "actions": {"message_retried": "renvoyé avec les messages non remis"},
    "messages": {
        "resent": "Le message part dans quelques secondes.",
        "refused": "Le message n’est pas renvoyé. {why}",
        "retried": "Messages à envoyer encore une fois : {number}. Ils partent dans quelques secondes.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Messages",
    "intro": "The e-mails that the shop sends to buyers and to the team, the newest first.",
    "search": "Order or address",
    "search_hint": "An order number, an e-mail address, or the beginning of a name.",
    "state": "State",
    "any_state": "All states",
    "kind": "Subject",
    "any_kind": "All subjects",
    "states": {"pending": "to send", "sent": "sent", "superseded": "not needed", "dead": "not delivered"},
    "to": "To",
    "team": "the team",
    "no_address": "address unknown",
    "order": "Order",
    "created": "Planned on",
    "attempts": "Attempts",
    "open": "Open the message {}, order {}",
    "error": "Last error",
    "retry_all": "Send the undelivered messages again…",
    "reset": "All messages",
    "none": "No message matches.",
    "none_hint": "Remove a filter, or write the whole address.",
    "empty": "No message yet.",
    "empty_hint": "A message appears here as soon as an order needs one: confirmation, access, refund.",
    "confirm": "Send the undelivered messages again",
    "confirm_count": "{} messages will be sent again:",
    "confirm_one": "One message will be sent again:",
    "confirm_more": "There are more: at most {} are sent at a time, the oldest first.",
    "confirm_hint": (
        "Remove the cause first (the buyer’s address, the mail server). A message that is no longer true of its order"
        " is not sent."
    ),
    "confirm_button": "Send now",
    "confirm_none": "No message waits: all are delivered, or about to be sent.",
    "what_to_do": "What to do?",
    "advice": {
        "sent": "Nothing: the mail server accepted the message. If it does not arrive, ask the buyer to look in the"
        " junk folder.",
        "superseded": "Nothing: the message was no longer true of the order when it was to be sent.",
        "pending": "Nothing: the message is sent as soon as the worker takes it, usually within seconds.",
        "retried": (
            "Nothing for now: the last attempt failed, and the next one is made by itself. If this goes on, look at the"
            " mail server on the page Set-up."
        ),
        "undeliverable": (
            "The address is refused: correct it on the page of the order, and its messages are sent there again."
        ),
        "not_sent": (
            "The mail server did not accept the message for a day. Check it on the page Set-up, then send the message"
            " again."
        ),
        "no_address": "The buyer’s address is missing: add it on the page of the order.",
    },
    "next_attempt": "Next attempt",
    "sent_at": "Sent on",
    "resends": "Sent again by the team",
    "details": "Technical detail",
    "send_now": "Send now",
    "send_again": "Send again",
    "set_up": "Set-up",
    "preview": "Preview",
    "preview_hint": "What the buyer would read if the message were sent now. Personal links are replaced by ***.",
    "frame": "Preview of the e-mail",
    "subject": "Subject",
    "sender": "From",
    "reply_to": "Reply to",
    "attached": "Attached",
    "plain": "The same as plain text",
    "no_preview": {
        "outdated": "No preview: the message is no longer true of the order, and would not be sent.",
        "postponed": "No preview: the message waits for another one to the same address.",
        "no_address": "No preview: the buyer’s address is unknown or erased.",
        "undeliverable": "No preview: an address of the message is not valid.",
    },
    "history": "What the team did",
    "actions": {"message_retried": "sent again with the undelivered messages"},
    "messages": {
        "resent": "The message is sent within seconds.",
        "refused": "The message is not sent again. {why}",
        "retried": "Messages to send again: {number}. They are sent within seconds.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
