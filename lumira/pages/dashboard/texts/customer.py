"""Texts of one customer."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "erased_title": "Client effacé",
    "erased": "Les données personnelles de ce client ont été effacées le {}. Montants, numéros et états restent.",
    "facts": "En bref",
    "name": "Nom",
    "unknown": "inconnu",
    "unknown_locale": "inconnue",
    "locale": "Langue",
    "locales": {"fr": "français", "en": "anglais"},
    "stripe": "Chez Stripe",
    "none": "aucun",
    "since": "Client depuis",
    "orders": "Commandes honorées",
    "spent": "Dépensé",
    "nothing": "rien",
    "last_order": "Dernière commande",
    "status": "Accès",
    "also": "Réunit aussi",
    "merged_at": "{email}, fusionné le {day}",
    "bought": "Commandes",
    "order": "Commande",
    "order_status": "Statut",
    "products": "Produits",
    "amount": "Montant",
    "opened": "Ouverte le",
    "no_orders": "Aucune commande. Elles apparaissent ici dès que le client en ouvre une avec cette adresse.",
    "all_orders": "Toutes les commandes de ce client",
    "access": "Accès",
    "no_access": "Aucun accès. Un accès apparaît ici après l’achat d’un produit numérique, ou donné ci-dessous.",
    "from_order": "par la commande",
    "manual": "donné le {}",
    "until": "jusqu’au",
    "states": {"live": "actif", "expired": "expiré", "revoked": "retiré"},
    "reasons": {
        "paid": "payé",
        "free": "gratuit",
        "refunded": "remboursé",
        "disputed": "en litige",
        "dispute_lost": "litige perdu",
        "fraud_warning": "fraude signalée",
        "operator": "par l’équipe",
        "expired": "fin de la durée",
    },
    "revoke": "Retirer",
    "revoke_named": "Retirer l’accès à {}",
    "restore": "Rendre",
    "restore_named": "Rendre l’accès à {}",
    "give_title": "Donner un accès",
    "product": "Produit",
    "days": "Durée en jours",
    "days_hint": "Vide : la durée prévue par le produit.",
    "note": "Raison, pour l’équipe",
    "give": "Donner l’accès",
    "give_hint": "Aucun message ne part : transmettez le lien de l’espace client.",
    "links": "Espace client",
    "links_intro": "Un lien ouvre les achats de ce client sans mot de passe.",
    "link_state": {"live": "valable jusqu’au {}", "revoked": "retiré le {}", "expired": "expiré le {}"},
    "link_created": "créé le {}",
    "no_links": "Aucun lien. Le premier est créé avec le premier e-mail de confirmation, ou par le bouton.",
    "show_link": "Montrer un lien",
    "revoke_links": "Retirer tous les liens",
    "link_title": "Lien de l’espace client",
    "link_intro": (
        "Envoyez-le à {email} seulement : il ouvre les achats sans mot de passe. Il n’est pas conservé et ne sera"
        " plus montré ici."
    ),
    "link_until": "Valable jusqu’au {}.",
    "merge": "Fusionner avec un autre client",
    "merge_title": "Fusionner deux clients",
    "merge_intro": (
        "Pour une personne qui a acheté avec deux adresses. Les commandes et les accès de {email} passent à l’autre"
        " client ; les commandes suivantes avec cette adresse aussi, et plus aucun message n’y est envoyé."
    ),
    "merge_into": "Adresse e-mail du client qui reste",
    "merge_preview": "Voir ce qui change",
    "merge_orders": "{} commandes passent à {email}.",
    "merge_grants": "{} accès passent à {email}.",
    "merge_name": "{email} prend le nom « {name} ».",
    "merge_final": "Une fusion ne peut pas être annulée.",
    "merge_submit": "Fusionner définitivement",
    "privacy": "Données personnelles",
    "export": "Exporter toutes les données (ZIP)",
    "export_hint": "Lignes, reçus, fichiers et e-mails enregistrés : à remettre à la personne qui le demande.",
    "erase": "Effacer les données",
    "erase_title": "Effacer les données personnelles",
    "erase_goes": "Sont effacés : nom, adresse, langue, métadonnées, notes, liens, fichiers faits pour ce client.",
    "erase_stays": (
        "Restent, comme la loi le demande : numéros, montants, dates et états des commandes, reçus et avoirs, sans le"
        " nom."
    ),
    "erase_kept": (
        "Contrats de 120 € ou plus, gardés dix ans (code de la consommation, L213-1) avec leurs lignes, montants,"
        " consentements et rétractations, sans le nom :"
    ),
    "erase_kept_until": "{number}, jusqu’au {day}",
    "erase_closes": "Les commandes impayées à cette adresse sont d’abord annulées, chez Stripe aussi.",
    "erase_stripe": "Stripe garde ses propres données : supprimez-y aussi ce client.",
    "erase_confirm": "Pour confirmer, écrivez l’adresse {}",
    "erase_submit": "Effacer définitivement",
    "messages": {
        "given": "L’accès a été donné. Transmettez le lien de l’espace client.",
        "revoked": "L’accès a été retiré.",
        "restored": "L’accès a été rendu : il suit à nouveau ses paiements.",
        "invalid_days": "La durée est un nombre entier de jours, de 1 à 36 500.",
        "links_revoked": "Tous les liens ont été retirés. Le prochain e-mail en contient un nouveau.",
        "no_live_link": "Il n’y avait aucun lien valable.",
        "merged": "Les deux clients sont réunis sous {email} : {orders} commandes déplacées.",
        "other_address": "Rien n’a été effacé : l’adresse écrite n’est pas celle de ce client.",
        "erased": (
            "Effacé : {orders} commandes, {receipts} reçus. Commandes impayées annulées : {closed}. Supprimez aussi"
            " ce client chez Stripe."
        ),
        "erased_without_files": (
            "Effacé : {orders} commandes, {receipts} reçus. Commandes impayées annulées : {closed}. Le stockage ne"
            " répond pas : les fichiers seront effacés dès qu’il répond. Supprimez aussi ce client chez Stripe."
        ),
        "refused": "Rien n’a été modifié. {why}",
        "later": "Cela ne fonctionne pas pour le moment. Réessayez dans quelques minutes. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "erased_title": "Erased customer",
    "erased": "The personal data of this customer were erased on {}. Amounts, numbers and states remain.",
    "facts": "In brief",
    "name": "Name",
    "unknown": "unknown",
    "unknown_locale": "unknown",
    "locale": "Language",
    "locales": {"fr": "French", "en": "English"},
    "stripe": "At Stripe",
    "none": "none",
    "since": "Customer since",
    "orders": "Fulfilled orders",
    "spent": "Spent",
    "nothing": "nothing",
    "last_order": "Last order",
    "status": "Access",
    "also": "Includes",
    "merged_at": "{email}, merged on {day}",
    "bought": "Orders",
    "order": "Order",
    "order_status": "Status",
    "products": "Products",
    "amount": "Amount",
    "opened": "Opened",
    "no_orders": "No order. Orders appear here once the customer opens one with this address.",
    "all_orders": "All orders of this customer",
    "access": "Access",
    "no_access": "No access. It appears here after a digital product was bought, or given below.",
    "from_order": "by order",
    "manual": "given on {}",
    "until": "until",
    "states": {"live": "active", "expired": "expired", "revoked": "revoked"},
    "reasons": {
        "paid": "paid",
        "free": "free",
        "refunded": "refunded",
        "disputed": "disputed",
        "dispute_lost": "dispute lost",
        "fraud_warning": "fraud warning",
        "operator": "by the team",
        "expired": "its time is over",
    },
    "revoke": "Revoke",
    "revoke_named": "Revoke the access to {}",
    "restore": "Restore",
    "restore_named": "Restore the access to {}",
    "give_title": "Give access",
    "product": "Product",
    "days": "Duration in days",
    "days_hint": "Empty: the duration of the product.",
    "note": "Reason, for the team",
    "give": "Give access",
    "give_hint": "No message is sent: pass on the link of the customer's portal.",
    "links": "Portal",
    "links_intro": "A link opens the purchases of this customer without a password.",
    "link_state": {"live": "valid until {}", "revoked": "revoked on {}", "expired": "expired on {}"},
    "link_created": "created on {}",
    "no_links": "No link. The first one is created with the first confirmation by e-mail, or by the button.",
    "show_link": "Show a link",
    "revoke_links": "Revoke all links",
    "link_title": "Link to the portal",
    "link_intro": (
        "Send it to {email} only: it opens the purchases without a password. It is not stored, and not shown here"
        " again."
    ),
    "link_until": "Valid until {}.",
    "merge": "Merge with another customer",
    "merge_title": "Merge two customers",
    "merge_intro": (
        "For a person who has bought with two addresses. The orders and the access of {email} move to the other"
        " customer; so do later orders with this address, and nothing is sent to it any more."
    ),
    "merge_into": "E-mail address of the customer who remains",
    "merge_preview": "Show what changes",
    "merge_orders": "{} orders move to {email}.",
    "merge_grants": "{} grants of access move to {email}.",
    "merge_name": "{email} gets the name “{name}”.",
    "merge_final": "A merge cannot be undone.",
    "merge_submit": "Merge permanently",
    "privacy": "Personal data",
    "export": "Export all data (ZIP)",
    "export_hint": "Rows, receipts, files and stored e-mails: to hand to the person who asks for them.",
    "erase": "Erase the data",
    "erase_title": "Erase personal data",
    "erase_goes": "Erased: name, address, language, metadata, notes, links, files made for this customer.",
    "erase_stays": (
        "Kept, as the law requires: numbers, amounts, dates and states of orders, receipts and credit notes, without"
        " the name."
    ),
    "erase_kept": (
        "Contracts of €120 or more, kept for ten years (French consumer code, L213-1) with their lines, amounts,"
        " consents and withdrawals, without the name:"
    ),
    "erase_kept_until": "{number}, until {day}",
    "erase_closes": "Unpaid orders with this address are cancelled first, at Stripe too.",
    "erase_stripe": "Stripe keeps its own records: delete this customer there too.",
    "erase_confirm": "To confirm, write the address {}",
    "erase_submit": "Erase permanently",
    "messages": {
        "given": "The access was given. Pass on the link of the customer's portal.",
        "revoked": "The access was revoked.",
        "restored": "The access was restored: it follows its payments again.",
        "invalid_days": "The duration is a whole number of days, from 1 to 36,500.",
        "links_revoked": "All links were revoked. The next e-mail contains a new one.",
        "no_live_link": "There was no valid link.",
        "merged": "Both customers are {email} now: {orders} orders were moved.",
        "other_address": "Nothing was erased: the address that was written is not that of this customer.",
        "erased": (
            "Erased: {orders} orders, {receipts} receipts. Unpaid orders cancelled: {closed}. Delete this customer at"
            " Stripe too."
        ),
        "erased_without_files": (
            "Erased: {orders} orders, {receipts} receipts. Unpaid orders cancelled: {closed}. Storage does not respond:"
            " the files are removed once it does. Delete this customer at Stripe too."
        ),
        "refused": "Nothing was changed. {why}",
        "later": "This does not work at the moment. Try again in a few minutes. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
