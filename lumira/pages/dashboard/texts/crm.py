"""The texts about Dolibarr: the settings of the connection, its queue, and its records on orders and customers."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Dolibarr",
    "intro": (
        "Chaque vente payée devient dans Dolibarr une commande et une facture payée, chaque remboursement un avoir. Une"
        " vente n’attend jamais Dolibarr, et n’échoue jamais à cause de lui."
    ),
    "state": "État",
    "is_on": "Activée",
    "is_off": "Désactivée",
    "on_since": "Les ventes sont écrites depuis le {}.",
    "off_hint": "Rien n’est écrit dans Dolibarr.",
    "switch_on": "Activer",
    "switch_off": "Désactiver",
    "check_first": "Vérifiez la connexion : elle s’active quand rien d’essentiel ne manque.",
    "check": "Vérification",
    "checked_at": "Vérifiée le {}.",
    "all_well": "Dolibarr a tout ce dont Lumira a besoin.",
    "not_checked": "Pas encore vérifiée depuis la dernière modification.",
    "check_now": "Vérifier maintenant",
    "fault": "À corriger",
    "notice": "À savoir",
    "remedy": "Que faire :",
    "queue": "File d’attente",
    "failing_since": "Dolibarr échoue depuis le {}. Les ventes attendent, et rien n’est perdu.",
    "pending": "À écrire",
    "oldest": "la plus ancienne du {}",
    "parked": "À corriger par un opérateur",
    "parked_caption": "Ce qui n’a pas pu être écrit, le plus ancien d’abord, 50 au plus",
    "record": "Document",
    "customer": "Fiche du client",
    "why": "Pourquoi",
    "since": "Depuis",
    "action": "Action",
    "retry": "Réessayer",
    "retry_named": "Réessayer : {} {}",
    "retry_all": "Tout réessayer",
    "kinds": {
        "customer": "Tiers",
        "order": "Commande",
        "invoice": "Facture et paiement",
        "credit_note": "Avoir",
    },
    "states": {"pending": "à écrire", "done": "écrit", "parked": "à corriger", "nothing": "rien à écrire"},
    "noticed": {"deleted": "supprimé dans Dolibarr", "edited": "modifié dans Dolibarr"},
    "noticed_hints": {
        "deleted": "« Synchroniser à nouveau » l’écrit encore une fois.",
        "edited": (
            "Son total n’est plus celui qui a été écrit. Lumira n’y change rien : s’il est faux, corrigez-le dans"
            " Dolibarr."
        ),
    },
    "left_to_operator": (
        "Le litige est perdu, et Lumira n’en écrit rien (réglage « Après un litige perdu ») : décidez dans Dolibarr de"
        " ce que devient la facture."
    ),
    "connection": "Connexion",
    "invalid": "Rien n’a été enregistré : corrigez les champs marqués.",
    "save": "Enregistrer",
    "labels": {
        "crm_url": "Adresse de Dolibarr",
        "crm_api_key": "Clé d’API",
        "crm_bank_account": "Compte bancaire (identifiant)",
        "crm_payment_type": "Mode de paiement (identifiant)",
        "crm_category": "Catégorie des nouveaux clients (identifiant)",
        "crm_entity": "Entité",
        "crm_vat_rates": "Taux de TVA par produit",
        "crm_lost_disputes": "Après un litige perdu",
        "crm_test_sales": "Écrire aussi les ventes en mode test",
    },
    "hints": {
        "crm_url": "Comme le navigateur la montre, par exemple https://dolibarr.example.com.",
        "crm_api_key": (
            "La clé enregistrée reste si le champ est vide. Pour une autre adresse, saisissez la clé à nouveau. Elle"
            " est chiffrée, et n’est plus jamais montrée."
        ),
        "crm_api_key_first": (
            "De l’utilisateur que Lumira est dans Dolibarr, pas d’un administrateur. Elle est chiffrée, et n’est plus"
            " jamais montrée."
        ),
        "crm_bank_account": "Le nombre après id= dans l’adresse de la fiche du compte ; la préparation le remplit.",
        "crm_payment_type": "Des paiements par carte (code CB) ; la préparation le remplit.",
        "crm_category": "Vide : les nouveaux clients n’ont pas de catégorie.",
        "crm_entity": "Seulement avec le module multi-société.",
        "crm_vat_rates": (
            "Un produit par ligne : identifiant et pour cent, comme livre 5,5. Tous les autres ont {} %, le taux des"
            " reçus."
        ),
        "crm_lost_disputes": "Ce que devient la facture d’un paiement que la banque a rendu à l’acheteur.",
        "crm_test_sales": "Seulement avec un Dolibarr d’essai : ce qui y est écrit y reste.",
    },
    "lost_disputes": {
        "credit_note": "Un avoir remboursé, comme pour un remboursement",
        "review": "Rien : un opérateur décide dans Dolibarr",
    },
    "problems": {
        "changed": "Un autre opérateur a modifié la connexion : vérifiez les champs, et enregistrez encore une fois.",
        "url_missing": "Saisissez l’adresse de Dolibarr.",
        "bad_url": "Dolibarr ne peut pas avoir cette adresse : {why}",
        "bad_key": "Une clé n’a ni espace ni accent, et 200 caractères au plus.",
        "key_missing": "Saisissez la clé d’API.",
        "key_again": (
            "Saisissez la clé à nouveau : celle qui est enregistrée a été donnée pour une autre adresse, et n’est"
            " envoyée nulle part ailleurs."
        ),
        "bad_id": "Un nombre entier à partir de 1, ou rien.",
        "bad_rates": "Une ligne par produit, sans doublon : identifiant, espace, pour cent (de 0 à 99,99).",
        "unknown_product": "La boutique n’a pas de produit {why}.",
        "bad_choice": "Choisissez dans la liste.",
    },
    "remove_title": "Retirer la connexion",
    "remove_hint": "La clé est effacée ici. Ce qui est écrit dans Dolibarr y reste.",
    "remove": "Retirer la connexion",
    "sync": "Synchroniser à nouveau",
    "no_records": "Rien n’est encore écrit dans Dolibarr.",
    "not_on": "La connexion est désactivée.",
    "open_named": "Ouvrir {} dans Dolibarr",
    "messages": {
        "saved": "C’est enregistré. Vérifiez maintenant la connexion.",
        "checked": "Dolibarr a tout ce dont Lumira a besoin.",
        "checked_faults": "La vérification a trouvé ce qui est à corriger.",
        "on": "La connexion est activée : les ventes sont écrites à partir de maintenant.",
        "on_already": "La connexion était déjà activée.",
        "off": "La connexion est désactivée : plus rien n’est écrit.",
        "off_already": "La connexion était déjà désactivée.",
        "removed": "La connexion est retirée.",
        "none": "Il n’y avait pas de connexion.",
        "retried": "C’est remis dans la file : le résultat se voit dans une minute.",
        "not_parked": "Il n’y avait rien à réessayer.",
        "synced": "C’est remis dans la file : ce qui manque ou diffère est écrit.",
        "nothing_to_sync": "Il n’y a rien à écrire dans Dolibarr.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Dolibarr",
    "intro": (
        "Each paid sale becomes an order and a paid invoice in Dolibarr, each refund a credit note. A sale never waits"
        " for Dolibarr, and never fails because of it."
    ),
    "state": "State",
    "is_on": "On",
    "is_off": "Off",
    "on_since": "Sales are written since {}.",
    "off_hint": "Nothing is written to Dolibarr.",
    "switch_on": "Switch on",
    "switch_off": "Switch off",
    "check_first": "Check the connection: it can be switched on when nothing essential is missing.",
    "check": "Check",
    "checked_at": "Checked at {}.",
    "all_well": "Dolibarr has everything that Lumira needs.",
    "not_checked": "Not checked since the last change.",
    "check_now": "Check now",
    "fault": "To repair",
    "notice": "To know",
    "remedy": "What to do:",
    "queue": "Queue",
    "failing_since": "Dolibarr fails since {}. Sales wait, and nothing is lost.",
    "pending": "To be written",
    "oldest": "the oldest of {}",
    "parked": "To be repaired by an operator",
    "parked_caption": "What could not be written, the oldest first, 50 at most",
    "record": "Record",
    "customer": "Customer",
    "why": "Why",
    "since": "Since",
    "action": "Action",
    "retry": "Retry",
    "retry_named": "Retry: {} {}",
    "retry_all": "Retry all",
    "kinds": {
        "customer": "Third party",
        "order": "Order",
        "invoice": "Invoice and payment",
        "credit_note": "Credit note",
    },
    "states": {
        "pending": "to be written",
        "done": "written",
        "parked": "to be repaired",
        "nothing": "nothing to write",
    },
    "noticed": {"deleted": "deleted in Dolibarr", "edited": "edited in Dolibarr"},
    "noticed_hints": {
        "deleted": "“Sync again” writes it anew.",
        "edited": (
            "Its total is no longer the one that was written. Lumira changes nothing about it: if it is wrong, correct"
            " it in Dolibarr."
        ),
    },
    "left_to_operator": (
        "The dispute is lost, and Lumira writes nothing about it (setting “After a lost dispute”): decide in Dolibarr"
        " what becomes of the invoice."
    ),
    "connection": "Connection",
    "invalid": "Nothing was saved: correct the marked fields.",
    "save": "Save",
    "labels": {
        "crm_url": "URL of Dolibarr",
        "crm_api_key": "API key",
        "crm_bank_account": "Bank account (id)",
        "crm_payment_type": "Means of payment (id)",
        "crm_category": "Category of new customers (id)",
        "crm_entity": "Entity",
        "crm_vat_rates": "VAT rates by product",
        "crm_lost_disputes": "After a lost dispute",
        "crm_test_sales": "Write sales in test mode too",
    },
    "hints": {
        "crm_url": "As the browser shows it, such as https://dolibarr.example.com.",
        "crm_api_key": (
            "The stored key stays if the field is empty. For another URL, enter the key again. It is encrypted, and"
            " never shown."
        ),
        "crm_api_key_first": (
            "Of the user that Lumira is in Dolibarr, not of an administrator. It is encrypted, and never shown."
        ),
        "crm_bank_account": "The number after id= in the URL of the account’s page; the set-up fills it in.",
        "crm_payment_type": "Of payments by card (code CB); the set-up fills it in.",
        "crm_category": "Empty: new customers have no category.",
        "crm_entity": "With the multi-company module only.",
        "crm_vat_rates": (
            "One product a line: id and percent, such as book 5.5. All others have {}%, the rate of the receipts."
        ),
        "crm_lost_disputes": "What becomes of the invoice of a payment that the bank returned to the buyer.",
        "crm_test_sales": "With a Dolibarr for trials only: what is written there stays there.",
    },
    "lost_disputes": {
        "credit_note": "A credit note that is paid out, as for a refund",
        "review": "Nothing: an operator decides in Dolibarr",
    },
    "problems": {
        "changed": "Another operator changed the connection: look at the fields, and save once more.",
        "url_missing": "Enter the URL of Dolibarr.",
        "bad_url": "No Dolibarr may have this URL: {why}",
        "bad_key": "A key has no space and no accent, and 200 characters at most.",
        "key_missing": "Enter the API key.",
        "key_again": "Enter the key again: the stored one was given for another URL, and is sent nowhere else.",
        "bad_id": "A whole number from 1, or nothing.",
        "bad_rates": "One line for each product, once each: id, space, percent (from 0 to 99.99).",
        "unknown_product": "The shop has no product {why}.",
        "bad_choice": "Choose from the list.",
    },
    "remove_title": "Remove the connection",
    "remove_hint": "The key is erased here. What was written to Dolibarr stays there.",
    "remove": "Remove the connection",
    "sync": "Sync again",
    "no_records": "Nothing is written to Dolibarr yet.",
    "not_on": "The connection is switched off.",
    "open_named": "Open {} in Dolibarr",
    "messages": {
        "saved": "Saved. Check the connection now.",
        "checked": "Dolibarr has everything that Lumira needs.",
        "checked_faults": "The check found what is to be repaired.",
        "on": "The connection is on: sales are written from now on.",
        "on_already": "The connection was on already.",
        "off": "The connection is off: nothing more is written.",
        "off_already": "The connection was off already.",
        "removed": "The connection is removed.",
        "none": "There was no connection.",
        "retried": "Back in the queue: the result shows in a minute.",
        "not_parked": "There was nothing to retry.",
        "synced": "Back in the queue: what is missing or differs is written.",
        "nothing_to_sync": "There is nothing to write to Dolibarr.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
